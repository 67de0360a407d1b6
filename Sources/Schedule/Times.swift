import Spool

/// When an entry is due, on a clock that nobody sets.
public enum Times: Hashable, Sendable {
  /// By the calendar of a zone, over its changes as cron(8) has them (docs/scheduler.md).
  case calendar(CalendarTimes, Zone)
  /// Each so often, from a beginning on.
  case grid(since: Timestamp, every: Duration)

  public var isWildcard: Bool {
    switch self {
    case .calendar(let times, _): times.isWildcard
    case .grid: true
    }
  }

  /// The first time after that one; nil where there is none.
  public func next(after time: Timestamp) -> Timestamp? {
    switch self {
    case .calendar(let times, let zone):
      let seconds = floored(Int(time.nanoseconds), by: 1_000_000_000)
      return times.next(after: seconds, in: zone).map { Timestamp(seconds: Int64($0)) }
    case .grid(let since, let every):
      let (past, step) = (Int((time - since).nanoseconds), Int(every.nanoseconds))
      return since + .nanoseconds((floored(past, by: step) + 1) * step)
    }
  }

  /// The last time after `start` and not after `end`.
  func last(after start: Timestamp, through end: Timestamp) -> Timestamp? {
    // From near the end: what comes each minute has a thousand times in a day, what does not is soon looked through.
    for span in [Duration.seconds(7200), .seconds(86400 * 3), .seconds(86400 * 400)] + [end - start] {
      var last: Timestamp?
      var at = max(start, end - span)
      while let next = next(after: at), next <= end {
        last = next
        at = next
      }
      if last != nil { return last }
      if end - span <= start { return nil }
    }
    return nil
  }

  /// How many there are after `start` and not after `end`; at most `limit`.
  func count(after start: Timestamp, through end: Timestamp, limit: Int) -> Int {
    var (count, at) = (0, start)
    while count < limit, let next = next(after: at), next <= end {
      count += 1
      at = next
    }
    return count
  }
}

extension CalendarTimes {
  /// A change of less than this is made up for, a longer one is a correction: the new time counts at once. In minutes.
  static let correction = 180

  /// The first second after `time` in which it is due.
  ///
  /// Stretch by stretch of one offset. A wildcard goes by the local time as it is. A fixed time that a stretch leaps over is due at the
  /// beginning of that stretch, once however many were; one that it repeats is due the first time only.
  func next(after time: Int, in zone: Zone) -> Int? {
    // From a day before, so that it is known which local time was the last.
    var start = time - 86400
    var offset = zone.offset(at: start)
    var done = floored(start + offset, by: 60)
    while true {
      let begin = floored(start + offset, by: 60)
      if !isWildcard, start > time, (2...Self.correction).contains(begin - done),
        first(from: done + 1, through: begin - 1) != nil
      {
        return start
      }
      var from = begin
      if !isWildcard && begin <= done && done - begin < Self.correction { from = done + 1 }
      from = max(from, floored(time + offset, by: 60) + 1)
      let match = first(from: from)
      // Without a match there may be one in what the next change repeats; for what never comes there is a limit.
      let due = match.map { $0 * 60 - offset }
      guard let change = zone.change(after: start, through: due ?? time + 86400 * 366) else { return due }
      if done - begin >= Self.correction { done = begin - 1 }
      done = max(done, floored(change - 1 + offset, by: 60))
      start = change
      offset = zone.offset(at: start)
    }
  }
}
