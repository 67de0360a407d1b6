import Glibc
import Roster
import Spool
import Work

/// What keeps an agent within its limits, across processes and without a daemon: slots are locks, the token
/// bucket is one locked file, the budget is the sum of what the records say.
struct Limits {
  let agent: Agent
  let queue: Queue

  /// Waits for a place among those who may call at once; nil where the deadline came first.
  func slot(until deadline: Deadline) throws(Failure) -> Slots.Slot? {
    let slots = try Directory.making("slots", in: queue.directory)
    return try Slots(agent.concurrency, in: slots).take(until: deadline, notice: queue.spool.notice)
  }

  /// Takes a token; waits for one until the deadline.
  /// - Returns: nil when it was taken, else when there will be one.
  func token(until deadline: Deadline) throws(Failure) -> Timestamp? {
    while true {
      guard let pause = try takeToken() else { return nil }
      if pause >= deadline.remaining { return .now + pause }
      Signals.wait(atMost: pause)
      if let number = Signals.pending() {
        throw Failure(.signal(number), "rate", "stopped while waiting for a token")
      }
    }
  }

  /// What it was taken for is not called.
  func giveBackToken() throws(Failure) { _ = try takeToken(-1) }

  /// Nil when it was taken, else how long until there is one.
  func takeToken(_ count: Double = 1) throws(Failure) -> Duration? {
    let file = try queue.directory.openOrCreate("rate")
    try file.lock()
    defer { file.unlock() }
    let now = Timestamp.now
    let words = String(decoding: try file.readAll(limit: 4096) ?? [], as: UTF8.self).split(separator: " ")
    var tokens = Double(agent.rate.count)
    let perNanosecond = Double(agent.rate.count) / Double(agent.rate.span.nanoseconds)
    // Whatever a cut or an editor has left there: what is no sum and no past time is a full bucket.
    if words.count >= 2, let left = Double(words[0]), (0...tokens).contains(left), let then = Int64(words[1]),
      (0...now.nanoseconds).contains(then)
    {
      tokens = min(tokens, left + Double(now.nanoseconds - then) * perNanosecond)
    }
    guard tokens >= count else { return .nanoseconds(Int64((1 - tokens) / perNanosecond) + 1_000_000) }
    try file.seek(to: 0)
    try file.truncate(to: 0)
    try file.write(
      Array("\(min(Double(agent.rate.count), tokens - count)) \(now.nanoseconds) tokens left, and when (ns)\n".utf8))
    return nil
  }
}
