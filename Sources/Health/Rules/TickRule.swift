import Spool
import Work

/// What must happen each minute does not: nothing is retried, no deadline is kept, no alert is sent.
package enum TickRule: Rule {
  package static let name = "tick"

  private static let interval = Duration.seconds(180)
  private static let grace = Duration.seconds(180)

  package static func signals(_ look: Look) throws(Failure) -> [Signal] {
    if look.isJustAwake { return [] }
    let advice =
      "does cron run it? crontab -l; { crontab -l; spool init --cron; } | crontab - adds it; or: systemctl --user status spindle-tick.timer"
    guard let last = try last(look) else {
      return [Signal(self, about: .tick, "never", "spool tick has never run", do: advice, light: .amber)]
    }
    guard try liveness(look) == .red else { return [] }
    let words = last > look.now ? "in the future: was the clock set back?" : "\((look.now - last).spoken) ago"
    return [Signal(self, about: .tick, last.rfc3339, "spool tick has last run \(words)", do: advice)]
  }

  package static func liveness(_ look: Look) throws(Failure) -> Light {
    try last(look).map { Heartbeat.liveness($0, interval, grace, at: look.now) } ?? .red
  }

  package static func last(_ look: Look) throws(Failure) -> Timestamp? {
    try look.spool.directory("heartbeats").status("tick")?.modified
  }
}
