import Spool

/// Who is expected to give a sign of life and has given none within interval and grace. A silence is told of once.
enum LivenessRule: Rule {
  static let name = "liveness"

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    if look.isJustAwake { return [] }
    return try Vital.all(look).filter { $0.liveness == .red }.map { vital in
      Signal(
        self, about: .vital(vital.name), "\(vital.name):\(vital.last.rfc3339)", words(vital, look.now),
        do: advice(vital))
    }
  }

  private static func words(_ vital: Vital, _ now: Timestamp) -> String {
    if vital.last > now { return "\(vital.name) has last beaten in the future: was the clock set back?" }
    let silence = (now - vital.last).spoken
    guard vital.hasBeaten else { return "\(vital.name) has given no sign of life, and was to within \(silence)" }
    let process = vital.process.map { " (process \($0) \(lives($0) ? "still exists" : "is gone"))" } ?? ""
    return "\(vital.name) has given no sign of life for \(silence)\(process)"
  }

  private static func lives(_ process: Int32) -> Bool { Kernel.mayAccess("/proc/\(process)", 0) }

  private static func advice(_ vital: Vital) -> String {
    if vital.process != nil {
      return "start it again; where it is not wanted any more: heartbeat \(vital.name) --remove"
    }
    return vital.hasBeaten
      ? "see why it does not run; where it is not wanted any more: heartbeat \(vital.name) --remove"
      : "have it call heartbeat \(vital.name), or remove Heartbeat from agents/\(vital.name).md"
  }
}
