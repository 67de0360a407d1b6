import Calls
import Roster
import Spool
import Work

/// Decides whether a model is to be woken: only for what is not well, is news, and may be told at this time.
public struct HeartbeatGuard {
  public let look: Look
  /// Who is woken by what it says.
  public let agent: String
  private var spool: SpoolDirectory { look.spool }

  public init(_ look: Look, waking agent: String) {
    self.look = look
    self.agent = agent
  }

  public struct Finding: Sendable {
    /// To be told now; none: all is well, or nothing of it is to be told.
    public var told: [Signal] = []
    /// What is not well either, and why it is not told now.
    public var held: [(signal: Signal, why: String)] = []
    /// Of whoever is expected to give a sign of life, and of the minute's round.
    public var liveness: [String: Light] = [:]
  }

  /// Looks, has the signals told, and then notes it: killed in between, they are told again.
  /// - Throws: where it could not be noted; it was told.
  public func run(tell: (Finding) -> Void) throws(Failure) {
    let directory = try spool.directory("health")
    // Two at once would both tell.
    let lock = try directory.openOrCreate("lock")
    try lock.lock()
    defer { lock.unlock() }
    var record = try GuardRecord.read(in: directory)
    let finding = judge(try Rules.signals(look), record)
    tell(finding)
    guard !finding.told.isEmpty else { return }
    record.tell(finding.told.map(\.key), at: look.now, on: LocalTime(look.now).day)
    try record.write(in: directory)
    spool.journal.write("woken", detail: "\(agent): \(finding.told.map(\.key).joined(separator: ", "))")
  }

  private func judge(_ signals: [Signal], _ record: GuardRecord) -> Finding {
    var finding = Finding()
    for vital in (try? Vital.all(look)) ?? [] { finding.liveness[vital.name] = vital.liveness }
    finding.liveness["tick"] = try? TickRule.liveness(look)
    let reason = reasonToHold(record)
    for signal in signals {
      if let time = record.wasTold(signal.key, at: look.now) {
        finding.held.append((signal, "told at \(time.rfc3339Seconds)"))
      } else if let reason {
        finding.held.append((signal, reason))
      } else {
        finding.told.append(signal)
      }
    }
    return finding
  }

  /// Why nothing is told now, whatever it is.
  private func reasonToHold(_ record: GuardRecord) -> String? {
    // A settings file that is not understood is a signal of its own; until then what holds without one.
    let settings = (try? Settings(spool)) ?? Settings()
    let time = LocalTime(look.now)
    if let hours = settings.quietHours, hours.contains(minute: time.minute) { return "quiet hours (\(hours))" }
    let wakeUps = record.wakeUpsOn(time.day)
    if wakeUps >= settings.wakeUps { return "woken \(wakeUps) times today (Wake-Ups: \(settings.wakeUps))" }
    return (try? StopRule.reason(agent, look)).flatMap { $0 }.map { "to call \(agent) would only fail again: \($0)" }
  }
}
