import Roster
import Spool
import Work

/// Somebody who is expected to give a sign of life again and again: an agent whose file says so, or whoever has stamped
/// `heartbeats/NAME`.
public struct Vital: Sendable {
  public var name: String
  /// The last sign; of an agent that has given none, when its file was written.
  public var last: Timestamp
  public var hasBeaten: Bool
  /// Who beats, where it is a process that stays.
  public var process: Int32?
  public var liveness: Light

  /// All of them, by name.
  package static func all(_ look: Look) throws(Failure) -> [Vital] {
    var vitals: [Vital] = []
    let beats = try Heartbeat.all(in: look.spool)
    let agents = try look.agents()
    for beat in beats where !agents.contains(where: { $0.name == beat.name && $0.agent.expectsBeats }) {
      vitals.append(Vital(beat.name, beat, beat.interval, beat.grace, beat.last, look.now))
    }
    for (name, agent) in agents {
      guard case .success(let agent) = agent, let expected = agent.heartbeat else { continue }
      let beat = beats.first { $0.name == name }
      let written = try look.spool.directory("agents").status("\(name).md")?.modified
      // What was written into its file since is to be met from then on.
      let last = [beat?.last, written].compactMap { $0 }.max() ?? look.now
      vitals.append(Vital(name, beat, expected.interval, expected.grace, last, look.now))
    }
    return vitals.sorted { $0.name < $1.name }
  }

  private init(
    _ name: String, _ beat: Heartbeat?, _ interval: Duration, _ grace: Duration, _ last: Timestamp, _ now: Timestamp
  ) {
    self.name = name
    self.last = last
    hasBeaten = beat != nil
    process = beat?.process
    liveness = Heartbeat.liveness(last, interval, grace, at: now)
  }
}

extension Result<Agent, Failure> {
  fileprivate var expectsBeats: Bool { (try? get())?.heartbeat != nil }
}
