import Spool

/// One line of a crontab that has a command.
public struct CrontabEntry: Sendable {
  public enum Trigger: Hashable, Sendable {
    case calendar(CalendarTimes)
    case every(Duration)
    /// Something has landed in this queue.
    case queue(String)
    /// Once for each boot of the machine.
    case reboot
  }

  public var line: Int
  public var trigger: Trigger
  /// Its times as they stand there, with one blank between.
  public var schedule: String
  public var zone: Zone
  public var command: CommandText
  /// The settings above it.
  public var environment: [String: String]
  public var catchUp: CatchUp
  /// How many just like it stand above it.
  var twin = 0

  /// Names its file: what has become of it holds as long as its zone, its times and its command do, wherever the line stands.
  public var key: String {
    String(sha256([zone.name ?? "", schedule, command.text, "\(twin)"].joined(separator: "\0").utf8).prefix(16))
  }

  /// For people: as it stands there.
  public var spoken: String { "\(schedule) \(command.text)" }

  /// Whether it never overlaps itself.
  public var isAlone: Bool {
    switch trigger {
    case .every, .queue: true
    case .calendar, .reboot: catchUp.kind != .skip
    }
  }

  /// - Parameter since: when it was first seen.
  func times(since: Timestamp) -> Times? {
    switch trigger {
    case .calendar(let times): .calendar(times, zone)
    case .every(let span): .grid(since: since, every: span)
    case .queue, .reboot: nil
    }
  }

  /// The next times after that one, in its zone; none where they are no matter of the clock.
  public func next(_ count: Int, after now: Timestamp) -> [String] {
    guard let times = times(since: now) else { return [] }
    var (found, at) = ([String](), now)
    while found.count < count, let next = times.next(after: at) {
      found.append(zone.rfc3339(next))
      at = next
    }
    return found
  }
}
