import Spool
import Work

/// One run of a job: an entry in `jobs/` that is claimed while it runs, and whose record is `re/ID`.
public struct JobRun {
  public var spool: SpoolDirectory
  public var name: String
  public var timeout: Duration
  /// Said at the run; nil leaves what was said before.
  public var expectEvery: Duration?

  public init(spool: SpoolDirectory, name: String, timeout: Duration, expectEvery: Duration?) throws(Failure) {
    let isName = name.utf8.allSatisfy {
      (97...122).contains($0) || (48...57).contains($0) || (45...46).contains($0) || $0 == 95
    }
    guard isName, (1...64).contains(name.utf8.count), !name.hasPrefix("."), !name.hasPrefix("-") else {
      throw Failure(.usage, name, "is no name for a job", do: "use a-z, 0-9, dots, dashes and underscores")
    }
    self.spool = spool
    self.name = name
    self.timeout = timeout
    self.expectEvery = expectEvery
  }

  public struct Result: Sendable {
    public var id: EntryID
    public var outcome: Child.Outcome
    public var output: [UInt8]
  }

  /// Only says what is expected, so that a job that never runs at all is missed too.
  public func declare() throws(Failure) {
    try update { _ in }
  }

  /// Runs the command; its output goes to `forward` as it comes, and to the record.
  /// - Throws: `.tryAgain` where the job's last run still goes on.
  public func run(
    path: String, arguments: [String], forward: ([UInt8], _ isError: Bool) -> Void
  ) throws(Failure) -> Result {
    let queue = try spool.queue("jobs", making: true)
    let locks = try Directory.making("locks", in: queue.directory)
    let lock = try locks.openOrCreate(name)
    guard try lock.tryLock() else {
      let last = try JobState.read(name, in: spool)
      let since = last?.lastStart.map { " since \($0.rfc3339Seconds)" } ?? ""
      throw Failure(.tryAgain, name, "its last run goes on\(since)", do: "spool ls jobs shows it")
    }
    try queue.sweep()
    try settleEarlier(in: queue)
    let words = arguments.map(\.shellQuoted).joined(separator: " ")
    let id = try queue.publish(
      Draft(
        slug: EntryID.slug(from: name), header: Header(["From": "job", "Subject": name]),
        body: Array((words + "\n").utf8)))
    guard case .claimed(let claim) = try queue.claim(id) else {
      throw Failure(.software, id.description, "was taken by somebody else", do: "run nothing else on the queue jobs/")
    }
    let start = Timestamp.now
    try update { state in
      state.lastStart = start
      state.lastID = id
      state.command = words
    }
    let deadline = Deadline.within(timeout)
    try claim.setDeathTimer(deadline.remaining)
    let result: Result
    do { result = try execute(path, arguments, claim, deadline, forward) } catch {
      try claim.fail(error.description)
      try update { $0.lastExit = error.status.rawValue }
      throw error
    }
    try settle(claim, result, start)
    return result
  }

  /// What earlier runs left: one whose `job` was killed before it began is on record as failed; one whose command
  /// outlived its `job` still goes on.
  private func settleEarlier(in queue: Queue) throws(Failure) {
    for place in try queue.entries(in: .new) where try queue.entry(at: place)?.subject == name {
      if case .claimed(let claim) = try queue.claim(place.fileName, in: .new) {
        try claim.fail("its job was killed before it began")
      }
    }
    for place in try queue.entries(in: .run) where try queue.entry(at: place)?.subject == name {
      throw Failure(
        .tryAgain, name, "a command of an earlier run, whose job was killed, goes on", do: "spool check jobs names it")
    }
  }

  private func execute(
    _ path: String, _ arguments: [String], _ claim: Claim, _ deadline: Deadline, _ forward: ([UInt8], Bool) -> Void
  ) throws(Failure) -> Result {
    var environment = inheritedEnvironment()
    environment["SPOOL_DIR"] = spool.path
    environment["SPINDLE_JOB"] = name
    deadline.handDown(to: &environment)
    let child = try Child(Command(path: path, arguments: arguments, environment: environment), lock: claim.file)
    var kept: [UInt8] = []
    let outcome = child.run(until: deadline) { piece in
      kept = Self.appended(kept, piece)
      forward(Array(piece), false)
      return .more
    } onError: { piece in
      claim.queue.log(claim.id, String(decoding: piece, as: UTF8.self))
      forward(Array(piece), true)
    }
    return Result(id: claim.id, outcome: outcome, output: kept)
  }

  /// A record keeps the last megabyte: the end says how it ended.
  private static func appended(_ kept: [UInt8], _ piece: ArraySlice<UInt8>) -> [UInt8] {
    let all = kept + piece
    return all.count > 2 << 20 ? Array(all.suffix(1 << 20)) : all
  }

  private func settle(_ claim: Claim, _ result: Result, _ start: Timestamp) throws(Failure) {
    let end = Timestamp.now
    let status = result.outcome.status.rawValue
    let took = "\(result.outcome.spoken) after \((end - start).spoken)"
    if result.outcome.succeeded {
      let header = Header([
        "From": "job", "Subject": name, "Started": start.rfc3339, "Ended": end.rfc3339, "Exit": String(status),
      ])
      try claim.finish(
        [Product(.response, header: header, body: result.output)], event: "job", detail: "\(name): \(took)")
    } else {
      claim.queue.log(claim.id, String(decoding: result.output, as: UTF8.self))
      try claim.fail("\(name): \(took)", event: "job-failed")
    }
    try update { state in
      state.lastExit = status
      if result.outcome.succeeded { state.lastSuccess = start }
    }
  }

  private func update(_ change: (inout JobState) -> Void) throws(Failure) {
    var state = try JobState.read(name, in: spool) ?? JobState(name: name)
    if let expectEvery { state.expectEvery = expectEvery }
    change(&state)
    try state.write(to: spool)
  }
}
