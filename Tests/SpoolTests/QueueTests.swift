import Foundation
import Glibc
import Spool
import Support
import SystemPackage
import Testing

/// Counts and breaks the system calls that the seam sees.
final class Calls: @unchecked Sendable {
  var seen: [(Kernel.Call, String)] = []
  var fail: (call: Kernel.Call, number: Int, errno: Errno)?
  /// Done before each call.
  var before: (Kernel.Call, String) -> Void = { _, _ in }
  func count(_ calls: Kernel.Call...) -> Int { seen.count { calls.contains($0.0) } }

  func observe<Result>(_ work: () throws -> Result) rethrows -> Result {
    let record: @Sendable (Kernel.Call, String) throws(Errno) -> Void = { [self] call, name throws(Errno) in
      seen.append((call, name))
      before(call, name)
      if let fail, fail.call == call, seen.count(where: { $0.0 == call }) == fail.number { throw fail.errno }
    }
    return try Kernel.$interceptor.withValue(record, operation: work)
  }
}

@Suite(.timeLimit(.minutes(2))) struct PublishTests {
  @Test func anEntryIsCompleteReadOnlyAndAlone() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    let id = try queue.publish(Draft(body: Array("hello".utf8)))
    #expect(scratch.tree() == ["q/new/\(id)"])
    var status = stat()
    #expect(stat("\(scratch.path)/spool/q/new/\(id)", &status) == 0 && status.st_mode & 0o777 == 0o440)
    #expect(stat("\(scratch.path)/spool/q/new", &status) == 0 && status.st_mode & 0o777 == 0o700)
  }

  @Test func theCostDoesNotGrowWithTheDepthOfTheQueue() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    func cost() throws -> [Int] {
      let publish = Calls()
      _ = try publish.observe { try queue.publish(Draft(body: [1])) }
      let keyed = Calls()
      _ = try keyed.observe { try queue.publish(Draft(body: [1]), key: UUID().uuidString) }
      // The pass is scanned once; then each claim costs the same.
      let ready = try queue.ready()
      let claim = Calls()
      _ = try claim.observe { try queue.claim(ready.places[0].fileName, in: .new) }
      return [
        publish.count(.list, .open), publish.seen.count, claim.count(.list, .open), claim.seen.count,
        keyed.count(.list, .open),
      ]
    }
    _ = try cost()
    let shallow = try cost()
    _ = try queue.publish((0..<3000).map { _ in Draft(body: [1]) })
    #expect(try cost() == shallow)
    #expect(shallow[0] == 1 && shallow[2] == 1)
  }

  @Test func manyEntriesShareOneBarrierOfTheDirectory() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    _ = try queue.publish(Draft(body: [1]))
    let calls = Calls()
    let few = Calls()
    _ = try few.observe { try queue.publish((0..<7).map { Draft(body: [UInt8($0)]) }) }
    #expect(few.count(.fsync) == 8 && few.count(.syncfs) == 0)
    let ids = try calls.observe { try queue.publish((0..<10).map { Draft(body: [UInt8($0)]) }) }
    #expect(calls.count(.fsync) == 1 && calls.count(.syncfs) == 1)
    #expect(ids == ids.sorted() && Set(ids).count == 10)
  }

  static let failures: [(Kernel.Call, Errno, Spool.ExitStatus)] = [
    (.open, .tooManyOpenFiles, .tryAgain), (.open, .noSpace, .tryAgain), (.open, .ioError, .cannotCreate),
    (.write, .noSpace, .tryAgain), (.write, .ioError, .io), (.fsync, .ioError, .io), (.close, .ioError, .io),
    (.rename, .ioError, .io), (.rename, .noSpace, .tryAgain), (.statvfs, .ioError, .io),
  ]

  @Test(arguments: failures)
  func whenACallFailsNothingIsPublishedAndTheReasonIsSaid(
    _ call: Kernel.Call, _ errno: Errno, _ status: Spool.ExitStatus
  ) throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    // Everything is open before, so that the failure hits the publish itself.
    _ = try queue.publish(Draft(body: [1]))
    let before = scratch.names("spool/q/new")
    let calls = Calls()
    calls.fail = (call, 1, errno)
    #expect { try calls.observe { try queue.publish(Draft(body: [2])) } } throws: { error in
      (error as? Failure)?.status == status && (error as? Failure)?.errno == errno
    }
    #expect(scratch.names("spool/q/new") == before)
    #expect(call != .fsync || calls.count(.fsync) == 1, "an fsync that failed is never repeated")
  }

  @Test func whereTheDirectoryCannotBeFlushedTheEntryIsTakenBack() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    _ = try queue.publish(Draft(body: [1]))
    let before = scratch.tree()
    for count in [1, 10] {
      let calls = Calls()
      // Each entry's own flush, or one for all; then the directory's.
      calls.fail = (.fsync, count == 1 ? 2 : 1, .ioError)
      let drafts = (0..<count).map { Draft(body: [UInt8($0)]) }
      #expect { try calls.observe { try queue.publish(drafts) } } throws: { error in
        (error as? Failure)?.isFailedFlush == true
      }
      #expect(scratch.tree() == before)
    }
  }

  @Test(arguments: [3, 10]) func ofManyEntriesAllAreAcceptedOrNone(_ count: Int) throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    _ = try queue.publish(Draft(body: [1]))
    let before = scratch.tree()
    let calls = Calls()
    calls.fail = (.rename, 3, .ioError)
    #expect(throws: Failure.self) {
      try calls.observe { try queue.publish((0..<count).map { Draft(body: [UInt8($0)]) }) }
    }
    #expect(scratch.tree() == before)
  }

  @Test(arguments: [1, 10]) func anIDThatIsTakenIsNotUsed(_ count: Int) throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    let calls = Calls()
    var taken: String?
    calls.before = { call, name in
      // Somebody else's entry of the same microsecond and the same R.
      if call == .rename && taken == nil {
        taken = name
        scratch.write("spool/q/new/\(name)", "another's")
      }
    }
    let ids = try calls.observe { try queue.publish((0..<count).map { Draft(body: [UInt8($0)]) }) }
    #expect(try scratch.read("spool/q/new/\(#require(taken))") == "another's")
    #expect(!ids.contains { $0.description == taken } && Set(ids).count == count)
    for (number, id) in ids.enumerated() { #expect(try queue.entry(id)?.body == [UInt8(number)]) }
    #expect(scratch.names("spool/q/tmp").isEmpty)
  }

  @Test func aNearlyFullDiskRefusesIntake() {
    let space = { (free: UInt64, inodes: UInt64) -> Bool in
      var status = statvfs()
      (status.f_frsize, status.f_blocks, status.f_bavail) = (4096, 1 << 20, UInt(free / 4096))
      (status.f_files, status.f_favail) = (1000, UInt(inodes))
      return FileSystemSpace(status).isNearlyFull
    }
    // 4 GiB: 5 % is the smaller bound.
    #expect(space(100 << 20, 500) && !space(300 << 20, 500) && space(300 << 20, 9))
  }

  @Test func whatIsUrgentIsAcceptedWhateverRoomThereIs() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    // A kernel that says nothing of the room: nobody else is let in.
    func publish(_ draft: Draft, key: String? = nil) throws {
      let calls = Calls()
      calls.fail = (.statvfs, 1, .ioError)
      try calls.observe { _ = try key.map { try queue.publish(draft, key: $0).id } ?? queue.publish(draft) }
    }
    var draft = Draft(body: [1])
    #expect(throws: Failure.self) { try publish(draft) }
    #expect(throws: Failure.self) { try publish(draft, key: "k") }
    draft.isUrgent = true
    try publish(draft)
    try publish(draft, key: "k")
    #expect(scratch.names("spool/q/new").count == 2)
  }
}

@Suite(.timeLimit(.minutes(2))) struct KeyTests {
  @Test func theSameKeyGivesTheFirstEntry() throws {
    let scratch = Scratch()
    let (spool, notices) = try scratch.spool()
    let queue = try spool.queue("q")
    let first = try queue.publish(Draft(body: [1]), key: "k")
    let second = try queue.publish(Draft(body: [2]), key: "k")
    #expect(first.isNew && !second.isNew && first.id == second.id)
    try queue.explainKnown(second.id, key: "k", body: [2])
    #expect(notices.lines.count == 1 && notices.lines[0].contains("another text"))
    #expect(scratch.names("spool/q/new").count == 1)
    #expect(try queue.publish(Draft(body: [1]), key: "other").isNew)
  }

  @Test func aFirstEntryThatFailedIsNeverASilentSuccess() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    let first = try queue.publish(Draft(body: [1]), key: "k")
    guard case .claimed(let claim) = try queue.claim(first.id) else { return #expect(Bool(false)) }
    try claim.fail("no such chat")
    #expect { try queue.explainKnown(first.id, key: "k", body: [1]) } throws: { error in
      let failure = error as? Failure
      return failure?.status == .unavailable && failure?.why.contains("no such chat") == true
    }
  }

  @Test func aPublishThatWasKilledAfterItsLinkIsFinishedByTheSweepAndByTheNextCaller() throws {
    for finisher in ["sweep", "caller"] {
      let scratch = Scratch()
      let queue = try scratch.spool().0.queue("q")
      let calls = Calls()
      calls.fail = (.rename, 1, .ioError)
      #expect(throws: Failure.self) { try calls.observe { try queue.publish(Draft(body: [1]), key: "k") } }
      #expect(scratch.names("spool/q/new").isEmpty)
      if finisher == "sweep" {
        try queue.sweepKeys()
      } else {
        #expect(try !queue.publish(Draft(body: [1]), key: "k").isNew)
      }
      #expect(scratch.names("spool/q/new").count == 1)
      #expect(try queue.check().isEmpty)
    }
  }
}

@Suite(.timeLimit(.minutes(2))) struct ClaimTests {
  private func one(_ queue: Queue, _ header: Header = Header(), _ body: [UInt8] = [1]) throws -> EntryID {
    try queue.publish(Draft(header: header, body: body))
  }

  private func claim(_ queue: Queue, _ id: EntryID, attempts: Int? = nil) throws -> Claim? {
    if case .claimed(let claim) = try queue.claim(id, attempts: attempts) { return claim }
    return nil
  }

  @Test func aClaimIsLockedAndNamesItsWorker() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    let id = try one(queue)
    let claim = try #require(try claim(queue, id))
    #expect(scratch.names("spool/q/run") == [claim.name.description])
    #expect(claim.name.holder?.hasSuffix(".\(getpid())") == true)
    if case .busy = try queue.claim(id) {} else { #expect(Bool(false), "a second claim must find it busy") }
    try queue.sweep()
    #expect(scratch.names("spool/q/run").count == 1, "a sweep touches nothing that is locked")
    try claim.finish()
    #expect(scratch.tree() == ["q/done/\(id)"])
  }

  @Test func productsGoToTheirPlaceUnderTheSameID() throws {
    let scratch = Scratch()
    let queue = try scratch.spool(queues: ["q", "next"]).0.queue("q")
    let id = try one(queue)
    let held = try #require(try claim(queue, id))
    try held.finish([Product(.queue("next"), body: Array("p".utf8)), Product(.response, body: Array("r".utf8))])
    #expect(scratch.tree() == ["next/new/\(id)", "q/done/\(id)", "q/re/\(id)"])
    #expect(try queue.response(id)?.text == "r")
    #expect(try queue.response(id)?.header["Re"] == id.description)
  }

  @Test func theMarkOfDoubtOutlivesEveryMoveUntilItIsCleared() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    let id = try one(queue)
    let first = try #require(try claim(queue, id))
    try first.markInDoubt()
    try first.retry("broken", attempts: 5)
    #expect(scratch.names("spool/q/wait") == ["\(id),1d"])
    // An earlier attempt's doubt is not this one's to clear.
    let second = try #require(try claim(queue, id))
    #expect(second.foundInDoubt)
    second.clearDoubt()
    try second.putOff("offline", for: .seconds(1))
    #expect(scratch.names("spool/q/wait") == ["\(id),1d"])
    let other = try one(queue)
    let third = try #require(try claim(queue, other))
    try third.markInDoubt()
    third.clearDoubt()
    try third.putOff("offline", for: .seconds(1))
    #expect(scratch.names("spool/q/wait").contains("\(other)"))
  }

  @Test func whatIsTriedTooOftenIsGivenUp() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    let id = try one(queue)
    for _ in 0..<3 { try claim(queue, id)?.retry("exit 75", attempts: 3) }
    #expect(scratch.names("spool/q/fail") == ["\(id),2"])
    #expect(queue.lastWord(id)?.contains("given up after 3 attempts") == true)
  }

  @Test func whatIsInTheFutureWaitsAndAClockThatJumpedDoesNotStopIt() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    let id = try one(queue)
    try claim(queue, id)?.putOff("later", for: .seconds(3600))
    #expect(try queue.ready().places.isEmpty)
    #expect(try queue.ready().nextDue.map { $0 > .seconds(3500) } == true)
    let file = "\(scratch.path)/spool/q/wait/\(id)"
    var times = [timespec(tv_sec: time(nil) + 90000, tv_nsec: 0), timespec(tv_sec: time(nil) + 90000, tv_nsec: 0)]
    utimensat(AT_FDCWD, file, &times, 0)
    #expect(try queue.ready().places.count == 1)
    #expect(try queue.check().contains { $0.problem.contains("clock has jumped") })
    // As far off as a file system can say: 64 bits of seconds hold it, nanoseconds do not.
    times = [timespec(tv_sec: 1 << 33, tv_nsec: 0), timespec(tv_sec: 1 << 33, tv_nsec: 0)]
    utimensat(AT_FDCWD, file, &times, 0)
    #expect(try queue.ready().places.count == 1)
  }

  @Test func whatHasExpiredGoesToFailWithItsReasonAndNeverOut() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    let id = try one(queue, Header(["Expires": "2020-01-01T00:00:00Z"]))
    #expect(try claim(queue, id) == nil)
    #expect(scratch.names("spool/q/fail") == ["\(id)"])
    #expect(queue.lastWord(id)?.contains("expired at 2020-01-01") == true)
  }

  @Test func whatCannotBeReadGoesToBadUnreadAndIsSaid() throws {
    let scratch = Scratch()
    let (spool, notices) = try scratch.spool()
    let queue = try spool.queue("q")
    let room = "\(scratch.path)/spool/q/new"
    let id = "20261123T172044.120773Z-k3v9qd"
    scratch.write("spool/q/new/garbage", "x")
    scratch.write("spool/q/new/\(id)", "no entry")
    scratch.write("spool/q/new/\(id)-slug", "Spool: 1\nId: \(id)\n\n")
    mkfifo("\(room)/20261123T172044.120773Z-k3v9qf", 0o600)
    symlink("/etc/passwd", "\(room)/20261123T172044.120773Z-k3v9qg")
    mkdir("\(room)/20261123T172044.120773Z-k3v9qh", 0o700)
    let linked = try one(queue)
    link("\(room)/\(linked)", "\(scratch.path)/elsewhere")
    for place in try queue.ready().places {
      if case .claimed = try queue.claim(place.fileName, in: place.room) { #expect(Bool(false), "\(place.fileName)") }
    }
    #expect(scratch.names("spool/q/new").isEmpty)
    #expect(scratch.names("spool/q/bad").count == 7)
    #expect(notices.lines.count == 7)
    #expect(notices.lines.contains { $0.contains("line 1: expected \"Spool: 1\"") })
    #expect(notices.lines.contains { $0.contains("has 2 links") })
  }

  @Test func twoFilesOfOneNameBothReachBad() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    for _ in 0..<2 {
      scratch.write("spool/q/new/junk", "x")
      _ = try queue.claim("junk", in: .new)
    }
    #expect(scratch.names("spool/q/bad") == ["junk", "junk~2"])
  }
}

@Suite(.timeLimit(.minutes(2))) struct SweepTests {
  /// An entry in `run/` that nobody holds.
  private func orphan(_ scratch: Scratch, _ queue: Queue) throws -> EntryID {
    let id = try queue.publish(Draft(body: [1]))
    rename("\(scratch.path)/spool/\(queue.name)/new/\(id)", "\(scratch.path)/spool/\(queue.name)/run/\(id)@gone.1")
    return id
  }

  @Test func anOrphanIsTriedAgainAtOnceAndCounts() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    let id = try orphan(scratch, queue)
    try queue.sweep()
    #expect(scratch.tree() == ["q/wait/\(id),1"])
    #expect(try queue.ready().places.count == 1)
  }

  @Test func runsAndApprovalsSurviveAnyNumberOfCrashesAndJobsNone() throws {
    let scratch = Scratch()
    let (spool, _) = try scratch.spool(queues: ["runs", "jobs"])
    let run = try orphan(scratch, try spool.queue("runs"))
    let job = try orphan(scratch, try spool.queue("jobs"))
    for name in ["runs", "jobs"] { try spool.queue(name).sweep() }
    #expect(scratch.tree() == ["jobs/fail/\(job)", "runs/wait/\(run)"])
  }

  @Test(arguments: ["run", "done", "hold"])
  func aProductInOutIsFinishedWhereverItsSourceLies(_ room: String) throws {
    let scratch = Scratch()
    let queue = try scratch.spool(queues: ["q", "next"]).0.queue("q")
    let id = try orphan(scratch, queue)
    let base = "\(scratch.path)/spool/q"
    if room != "run" { rename("\(base)/run/\(id)@gone.1", "\(base)/\(room)/\(id)") }
    scratch.write("spool/q/out/\(id)/\(id)", "Spool: 1\nId: \(id)\nTo: next\n\nproduct")
    scratch.write("spool/q/out/\(id)/re", "Spool: 1\nId: \(id)\n\nanswer")
    try queue.sweep()
    #expect(scratch.tree() == ["next/new/\(id)", "q/done/\(id)", "q/re/\(id)"])
  }

  @Test func aProductWithoutAPlaceStaysAndIsNamed() throws {
    let scratch = Scratch()
    let (spool, notices) = try scratch.spool(queues: ["q", "next"])
    let queue = try spool.queue("q")
    let id = try orphan(scratch, queue)
    scratch.write("spool/q/out/\(id)/\(id)", "Spool: 1\nId: \(id)\n\nproduct of a twin")
    try queue.sweep()
    #expect(scratch.tree() == ["q/done/\(id)", "q/out/\(id)/\(id)"])
    #expect(notices.lines.contains { $0.contains("names no queue") })
    #expect(try queue.check().contains { $0.problem.contains("names no queue") })
    queue.next = "next"
    try queue.sweep()
    #expect(scratch.tree() == ["next/new/\(id)", "q/done/\(id)"])
  }

  @Test func oldLitterGoesAndYoungLitterStays() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    for name in ["old", "young"] { scratch.write("spool/q/tmp/\(name)", "x") }
    scratch.write("spool/q/tmp/olddir/x", "x")
    var times = [
      timespec(tv_sec: time(nil) - 37 * 3600, tv_nsec: 0), timespec(tv_sec: time(nil) - 37 * 3600, tv_nsec: 0),
    ]
    for name in ["old", "olddir"] { utimensat(AT_FDCWD, "\(scratch.path)/spool/q/tmp/\(name)", &times, 0) }
    try queue.sweep()
    #expect(scratch.tree() == ["q/tmp/young"])
  }

  @Test func theSameIDInTwoRoomsIsReportedAndTouchedByNobody() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    let id = try queue.publish(Draft(body: [1]))
    try FileManager.default.copyItem(
      atPath: "\(scratch.path)/spool/q/new/\(id)", toPath: "\(scratch.path)/spool/q/done/\(id)")
    try queue.sweep()
    #expect(scratch.tree() == ["q/done/\(id)", "q/new/\(id)"])
    #expect(try queue.check().contains { $0.problem.contains("lies in new/") })
  }
}

@Suite(.timeLimit(.minutes(2))) struct DropTests {
  @Test func whatPeopleDropBecomesAnEntryOnce() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    scratch.write("spool/q/drop/Reply 1.txt", "yes\r\n")
    scratch.write("spool/q/drop/empty", "")
    let result = try queue.takeDrops()
    #expect(result.published.count == 2)
    #expect(scratch.names("spool/q/drop").isEmpty)
    let entries = try queue.entries(in: .new).compactMap { try queue.entry(at: $0) }
    let reply = try #require(entries.first { $0.header["Name"] == "Reply 1.txt" })
    #expect(
      reply.text == "yes\r\n" && reply.header["Key"]?.hasPrefix("drop-") == true && reply.header["Arrived"] != nil)
    #expect(try queue.takeDrops().published.isEmpty)
  }

  @Test func aFileOfSomebodyElseThatWasMovedInSpeaksForNobody() throws {
    guard getuid() == 0 else { return }
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    scratch.write("spool/q/drop/x", "Spool: 1\nFrom: the boss\n\npay")
    chown("\(scratch.path)/spool/q/drop/x", 4711, 4711)
    let id = try #require(try queue.takeDrops().published.first)
    #expect(try queue.entry(id)?.header["From"] == "user 4711")
  }

  @Test(arguments: [".hidden", "x~", "#x#", "4913", "a.swp", "b.part", "c.tmp"])
  func editorsAndCopiersTemporaryNamesAreIgnored(_ name: String) throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    scratch.write("spool/q/drop/\(name)", "x")
    #expect(try queue.takeDrops().published.isEmpty)
    #expect(scratch.names("spool/q/drop") == [name])
  }

  @Test func aFileThatIsStillBeingWrittenIsLeftAlone() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    let handle = open("\(scratch.path)/spool/q/drop/slow", O_WRONLY | O_CREAT, 0o600)
    _ = write(handle, "half", 4)
    let result = try queue.takeDrops()
    #expect(result.published.isEmpty && result.lookAgain != nil)
    _ = write(handle, "+rest", 5)
    close(handle)
    let id = try #require(try queue.takeDrops().published.first)
    #expect(try queue.entry(id)?.text == "half+rest")
  }

  @Test func whatIsNoFileGoesToBadUnread() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    let drop = "\(scratch.path)/spool/q/drop"
    symlink("/etc/passwd", "\(drop)/link")
    mkfifo("\(drop)/fifo", 0o600)
    mkdir("\(drop)/dir", 0o700)
    scratch.write("spool/q/drop/one", "x")
    link("\(drop)/one", "\(scratch.path)/other")
    #expect(try queue.takeDrops().published.isEmpty)
    #expect(scratch.names("spool/q/bad") == ["dir", "fifo", "link", "one"])
  }

  @Test func aNameThatIsNoUTF8IsTakenTooAndAHugeFileIsNot() throws {
    let scratch = Scratch()
    let (spool, notices) = try scratch.spool()
    let queue = try spool.queue("q")
    let raw = Array("\(scratch.path)/spool/q/drop/".utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0x61, 0]
    close(open(raw, O_WRONLY | O_CREAT, 0o600))
    let huge = open("\(scratch.path)/spool/q/drop/huge", O_WRONLY | O_CREAT, 0o600)
    ftruncate(huge, 1 << 30)
    close(huge)
    #expect(try queue.takeDrops().published.count == 1)
    #expect(scratch.names("spool/q/bad") == ["huge"])
    #expect(notices.lines.contains { $0.contains("more than") })
  }

  @Test func aDroppedEntryKeepsItsHeadersAndCannotChooseItsIdentity() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    let text = "Spool: 1\nId: 20261123T172044.120773Z-k3v9qd\nKey: stolen\nSubject: s\n\nbody"
    scratch.write("spool/q/drop/x", text)
    scratch.write("spool/q/drop/y", "Spool: 1\nSubject: no id\n\nbody")
    scratch.write("spool/q/drop/z", "Spool: 1\nbroken\n\nbody")
    let ids = try queue.takeDrops().published
    #expect(ids.count == 2 && !ids.contains { $0.description.contains("k3v9qd") })
    let entry = try #require(try queue.entry(ids[0]))
    #expect(entry.subject == "s" && entry.header["Key"] != "stolen" && entry.text == "body")
    #expect(scratch.names("spool/q/bad").count == 1)
  }

  @Test func aTakenFileThatWasLeftBehindIsPublishedOnce() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    scratch.write("kept", "text")
    var status = stat()
    #expect(stat("\(scratch.path)/kept", &status) == 0)
    let taken = "\(scratch.path)/spool/q/drop/.take-\(status.st_ino)-123456789-note.txt"
    #expect(link("\(scratch.path)/kept", taken) == 0)
    let id = try #require(try queue.takeDrops().published.first)
    #expect(try queue.entry(id)?.header["Name"] == "note.txt")
    // Killed before it was unlinked.
    #expect(link("\(scratch.path)/kept", taken) == 0)
    #expect(try queue.takeDrops().published == [id])
    #expect(scratch.tree().filter { $0.hasPrefix("q/new/") }.count == 1)
  }

  @Test func whatIsWrittenWhileItIsTakenIsTakenAgain() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    scratch.write("spool/q/drop/x", "Spool: 1\nId: 20261123T172044.120773Z-k3v9qd\nLength: 4\n\nbody")
    let calls = Calls()
    // A file system without leases: by its Length the file is complete.
    calls.fail = (.lease, 1, .invalidArgument)
    calls.before = { call, _ in
      guard call == .symlink, let name = scratch.names("spool/q/drop").first else { return }
      let descriptor = open("\(scratch.path)/spool/q/drop/\(name)", O_WRONLY | O_TRUNC)
      #expect(write(descriptor, "another text", 12) == 12)
      close(descriptor)
    }
    #expect(try calls.observe { try queue.takeDrops() }.published.count == 1)
    #expect(scratch.names("spool/q/drop") == ["x"])
    let second = try #require(try queue.takeDrops().published.first)
    #expect(try queue.entry(second)?.text == "another text" && scratch.names("spool/q/drop").isEmpty)
  }

  @Test func aFileThatIsOnlyCalledAsIfItWereTakenIsTakenAnew() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    for word in ["one", "two"] { scratch.write("spool/q/drop/.take-5-123456789-\(word)", word) }
    try queue.sweep()
    let ids = try queue.takeDrops().published
    #expect(try ids.map { try queue.entry($0)?.text } == ["one", "two"])
  }
}

@Suite(.timeLimit(.minutes(2))) struct WatchTests {
  @Test(.timeLimit(.minutes(1))) func whatLandsWakesTheSleeper() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    let watch = Watch([try queue[.new]], notice: { _ in })
    _ = try queue.publish(Draft(body: [1]))
    // It would sleep a minute without the event.
    let start = Timestamp.now
    #expect(watch.wait(atMost: .seconds(60)) == .look)
    #expect(Timestamp.now - start < .seconds(30))
    rmdir("\(scratch.path)/nothing")
    try FileManager.default.removeItem(atPath: "\(scratch.path)/spool/q/new")
    var wakes: [Watch.Wake] = []
    for _ in 0..<5 { wakes.append(watch.wait(atMost: .seconds(1))) }
    #expect(wakes.contains { if case .gone = $0 { true } else { false } })
  }
}
