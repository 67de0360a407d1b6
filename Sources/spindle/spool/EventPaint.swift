import CommandLine

/// Which events are good, which wait, and which a person should look at. Colour says it again, and no more.
enum EventPaint {
  static func of(_ event: String) -> Style.Paint {
    if bad.contains(event) { return .red }
    if waiting.contains(event) { return .yellow }
    return good.contains(event) ? .green : .plain
  }

  private static let good: Set<String> = ["done", "reply", "delivered", "approved", "counted", "job", "breaker-closed"]
  private static let waiting: Set<String> = [
    "wait", "hold", "orphan", "late", "unclear", "unknown", "ambiguous", "fallback", "job-refused", "stranger",
    "unread", "unanswered", "shutdown", "cancel", "expired",
  ]
  private static let bad: Set<String> = [
    "fail", "bad", "rejected", "refused", "timeout", "halt", "overdue", "unheard", "job-failed", "job-killed",
    "breaker-open", "door-refused", "door-locked", "dashboard-refused", "dashboard-locked",
  ]
}
