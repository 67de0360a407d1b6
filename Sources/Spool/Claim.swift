import Glibc

/// A claimed entry: it lies in `run/`, and its lock is ours (and our command's) until `settle`.
public final class Claim {
  public let queue: Queue
  public private(set) var name: EntryName
  public let entry: Entry
  /// Carries the lock; handed to a command as descriptor 9.
  package let file: File
  public private(set) var isSettled = false
  /// It was found in doubt: an earlier attempt may have had its effect, and nothing that this one learns undoes that.
  public let foundInDoubt: Bool
  /// It lay in `new/`: whoever put it there, in doubt or not, wants it done.
  public let isFresh: Bool

  public var id: EntryID { name.id }

  init(queue: Queue, name: EntryName, entry: Entry, file: File, isFresh: Bool) {
    foundInDoubt = name.inDoubt
    self.isFresh = isFresh
    self.queue = queue
    self.name = name
    self.entry = entry
    self.file = file
  }

  /// Says by when this attempt must be over: the file's mtime, so that `ls -l run/` shows it, and
  /// `spool check` names what outlives it.
  public func setDeathTimer(_ remaining: Duration) throws(Failure) {
    try file.setModified(Kernel.now() + remaining)
  }

  /// Says durably that an outside effect of this entry may have happened from now on. Before its first byte.
  public func markInDoubt() throws(Failure) {
    doubtCleared = false
    guard !name.inDoubt else { return }
    var marked = name
    marked.inDoubt = true
    guard try queue[.run].move(name.description, to: queue[.run], as: marked.description) == .done else {
      throw gone()
    }
    try queue[.run].sync()
    name = marked
  }

  /// Another attempt begins without giving the claim up.
  public func countAttempt() throws(Failure) {
    var next = name
    next.attempts += 1
    guard try queue[.run].move(name.description, to: queue[.run], as: next.description) == .done else { throw gone() }
    name = next
  }

  /// Forgets the doubt of this attempt: it definitely did not happen. Written with the next move. An earlier
  /// attempt's doubt stays.
  public func clearDoubt() { doubtCleared = !foundInDoubt }
  private var doubtCleared = false

  /// A copy of the body, at its beginning: what a command gets as stdin.
  package func bodyFile() throws(Failure) -> File { try File.inMemory(entry.body) }

  /// Finishes with products (7a, 7b, 7c): they are handed over exactly once, whatever is killed.
  public func finish(_ products: [Product] = [], event: String = "done", detail: String? = nil) throws(Failure) {
    if !products.isEmpty { try queue.commit(products, of: id) }
    try queue.retire(name.description, in: .run, id: id)
    if !products.isEmpty { try queue.handOver(id) }
    retired(event: event, detail: detail)
  }

  /// It lies in `done/`, durably: told, and given up.
  private func retired(event: String, detail: String?) {
    logDone(detail)
    settled(event, detail)
  }

  private func logDone(_ detail: String? = nil) {
    queue.logAttempt(id, "attempt \(name.attempts + 1): \(detail ?? "done")")
  }

  /// Of a batch, whose lines in the journal go in one write.
  static func retired(_ claims: [Claim], in queue: Queue) {
    for claim in claims {
      claim.logDone()
      claim.release()
    }
    queue.spool.journal.write("done", queue: queue.name, ids: claims.map(\.id))
  }

  /// To be tried again, one attempt more; given up when that was the last.
  /// - Parameter after: nil: 30 s doubled for each attempt up to 1 h, +-10 %.
  public func retry(_ reason: String, attempts: Int, after delay: Duration? = nil) throws(Failure) {
    if name.attempts + 1 >= attempts {
      return try fail("\(reason): given up after \((name.attempts + 1).attempts)")
    }
    let pause = delay ?? Self.backoff(attempt: name.attempts)
    try wait(reason, attempts: name.attempts + 1, pause: pause)
  }

  /// To be tried again without counting: no network, a rate limit, a worker that was asked to stop.
  /// - Parameter unlocking: whether the next attempt begins though something of this one, which left its group, may live on.
  public func putOff(_ reason: String, for delay: Duration, unlocking: Bool = false) throws(Failure) {
    try wait(reason, attempts: name.attempts, pause: delay, unlocking: unlocking)
  }

  /// No time is ever set more than 23 h ahead, so that 24 h means a clock that jumped; what must wait
  /// longer is put off again.
  private func wait(_ reason: String, attempts: Int, pause: Duration, unlocking: Bool = false) throws(Failure) {
    let due = Kernel.now() + min(pause, .seconds(23 * 3600))
    var target = resting
    target.attempts = attempts
    try file.setModified(due)
    queue.logAttempt(id, "attempt \(name.attempts + 1): \(reason): again at \(due.rfc3339Seconds)")
    try move(to: .wait, as: target)
    // A daemon that the attempt has left may hold the lock with us: then the next attempt waits for its end.
    settled("wait", reason, unlocking: unlocking)
  }

  /// Given up; it lies in `fail/` until a person acts.
  public func fail(_ reason: String, event: String = "fail") throws(Failure) {
    // The reason first: who waits for the move reads it.
    queue.logAttempt(id, "attempt \(name.attempts + 1): \(reason)")
    try move(to: .fail, as: resting)
    settled(event, reason)
  }

  /// Parked until a person acts.
  public func hold(_ reason: String) throws(Failure) {
    queue.logAttempt(id, "held: \(reason)")
    try move(to: .hold, as: resting)
    settled("hold", reason)
  }

  private var resting: EntryName {
    var resting = name.unheld
    if doubtCleared { resting.inDoubt = false }
    return resting
  }

  private func move(to room: Room, as target: EntryName) throws(Failure) {
    // The work is done once its product lies in out/, whatever went wrong behind that: the sweep finishes it from there.
    if try queue[.out].contains(id.description) {
      throw Failure(
        .tryAgain, "\(queue.name)/out/\(id)", "its product is there, but not handed over yet",
        do: "spool sweep \(queue.name)")
    }
    switch try queue[.run].move(name.description, to: queue[room], as: target.description) {
    case .done: try queue[room].sync()
    case .sourceGone: throw gone()
    case .targetExists:
      throw Failure(
        .software, "\(queue.name)/\(room.rawValue)/\(target)", "exists beside run/\(name)",
        do: "run spool check \(queue.name)")
    }
  }

  private func gone() -> Failure {
    Failure(
      .no, "\(queue.name)/run/\(name)", "was moved by somebody while it was worked on",
      do: "spool show \(id) says where it is")
  }

  /// Only now may anybody else have it.
  private func settled(_ event: String, _ detail: String?, unlocking: Bool = true) {
    release(unlocking: unlocking)
    queue.spool.journal.write(event, queue: queue.name, id: id, detail: detail, from: entry.header.sender)
  }

  private func release(unlocking: Bool = true) {
    isSettled = true
    if unlocking { file.unlock() }
    try? file.close()
  }

  /// What `retry` waits by itself: 30 s doubled for each attempt up to 1 h, +-10 %.
  package static func backoff(attempt: Int) -> Duration {
    let seconds = min(30.0 * Double(1 << min(attempt, 10)), 3600)
    // +-10 %, so that what failed together is not tried again together.
    return .seconds(seconds * (0.9 + Double(Kernel.random(below: 2001)) / 10_000))
  }
}

extension Int {
  /// So many attempts, as a person reads it.
  package var attempts: String { self == 1 ? "1 attempt" : "\(self) attempts" }
}
