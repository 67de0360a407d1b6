import Spool

/// When a budget of time ends. It goes on while the machine sleeps, and no clock set by hand moves it.
public struct Deadline: Comparable, Sendable {
  private var uptime: Int64

  public init(after span: Duration) { uptime = Kernel.uptime().addingReportingOverflow(span.nanoseconds).partialValue }

  private init(uptime: Int64) { self.uptime = uptime }

  /// The budget that our caller handed down (`SPINDLE_DEADLINE`, RFC 3339): no child outlives its parent's.
  public static func inherited(_ environment: [String: String] = inheritedEnvironment()) -> Deadline? {
    guard let value = environment["SPINDLE_DEADLINE"], let time = Timestamp(rfc3339: value) else { return nil }
    // The same by the clock that nobody sets, as long as nobody in between has set another time.
    if let words = environment["SPINDLE_DEADLINE_UPTIME"]?.split(separator: " "), words.count == 2, words[0] == value,
      let uptime = Int64(words[1])
    {
      return Deadline(uptime: uptime)
    }
    return Deadline(after: time - Kernel.now())
  }

  /// This span from now, or our caller's budget where that ends first.
  public static func within(_ span: Duration) -> Deadline {
    let own = Deadline(after: span)
    return inherited().map { min($0, own) } ?? own
  }

  public var remaining: Duration { .nanoseconds(max(0, uptime - Kernel.uptime())) }
  public var hasPassed: Bool { remaining == .zero }

  /// Says it to a child.
  public func handDown(to environment: inout [String: String]) {
    let value = (Kernel.now() + remaining).rfc3339
    environment["SPINDLE_DEADLINE"] = value
    environment["SPINDLE_DEADLINE_UPTIME"] = "\(value) \(uptime)"
  }

  public static func < (left: Deadline, right: Deadline) -> Bool { left.uptime < right.uptime }
}
