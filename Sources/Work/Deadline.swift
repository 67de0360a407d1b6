import Spool

/// When a budget of time ends. It goes on while the machine sleeps, and no clock set by hand moves it.
public struct Deadline: Comparable, Sendable {
  private var uptime: Int64

  public init(after span: Duration) { uptime = Kernel.uptime().addingReportingOverflow(span.nanoseconds).partialValue }

  /// The budget that our caller handed down (`SPINDLE_DEADLINE`, RFC 3339): no child outlives its parent's.
  public static func inherited(_ environment: [String: String] = inheritedEnvironment()) -> Deadline? {
    environment["SPINDLE_DEADLINE"].flatMap { Timestamp(rfc3339: $0) }.map { Deadline(after: $0 - Kernel.now()) }
  }

  /// This span from now, or our caller's budget where that ends first.
  public static func within(_ span: Duration) -> Deadline {
    let own = Deadline(after: span)
    return inherited().map { min($0, own) } ?? own
  }

  public var remaining: Duration { .nanoseconds(max(0, uptime - Kernel.uptime())) }
  public var hasPassed: Bool { remaining == .zero }

  /// As a child reads it.
  public var environmentValue: String { (Kernel.now() + remaining).rfc3339 }

  public static func < (left: Deadline, right: Deadline) -> Bool { left.uptime < right.uptime }
}
