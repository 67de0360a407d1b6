import Health
import Spool
import Work

/// Looks at a whole spool and says how it stands. It changes nothing (but for `health/awake`, which notes that the machine was asleep),
/// asks no model, and what it costs does not grow with what is over:
/// `done/`, `re/` and `log/` are not listed.
public struct Overview {
  let look: Look
  let environment: [String: String]
  var document: StatusDocument
  /// By whom they are about.
  private var signals: [Signal.Subject: [Signal]] = [:]
  var spool: SpoolDirectory { look.spool }
  var now: Timestamp { look.now }

  /// - Parameter environment: of the process for which the agents are judged: what is required of it is looked for there.
  public init(_ spool: SpoolDirectory, environment: [String: String], now: Timestamp = .now) {
    look = Look(spool, now: now)
    look.isJustAwake = Awakening.isRecent(spool)
    self.environment = environment
    document = StatusDocument(
      time: now.rfc3339Seconds, day: LocalTime(now).day, spool: spool.path, host: SpoolDirectory.hostName,
      tick: StatusDocument.Sign(status: .green, detail: ""))
  }

  /// - Throws: a flush that has failed. What cannot be read is a signal of the document.
  public static func document(
    of spool: SpoolDirectory, environment: [String: String], now: Timestamp = .now
  ) throws(Failure) -> StatusDocument {
    var overview = Overview(spool, environment: environment, now: now)
    try overview.make()
    return overview.document
  }

  private mutating func make() throws(Failure) {
    for signal in try Rules.signals(look) {
      signals[signal.subject, default: []].append(signal)
      document.signals.append(
        StatusDocument.Trouble(rule: signal.rule, status: signal.light, what: signal.what, advice: signal.advice))
    }
    try attempt("tick") { overview throws(Failure) in try overview.lookAtTick() }
    try attempt("heartbeats") { overview throws(Failure) in try overview.lookAtVitals() }
    try attempt("agents") { overview throws(Failure) in try overview.lookAtAgents() }
    try attempt("queues") { overview throws(Failure) in try overview.lookAtQueues() }
    try attempt("approvals") { overview throws(Failure) in try overview.lookAtApprovals() }
    let recent = try? Recent(spool)
    try attempt("runs") { overview throws(Failure) in try overview.lookAtRuns(recent) }
    try attempt("jobs") { overview throws(Failure) in try overview.lookAtJobs() }
    try attempt("deliveries") { overview throws(Failure) in try overview.lookAtDeliveries(recent) }
    judge()
  }

  /// What cannot be looked at is said, and hides nothing else.
  private mutating func attempt(
    _ what: String, _ action: (inout Overview) throws(Failure) -> Void
  ) throws(Failure) {
    do throws(Failure) { try action(&self) } catch {
      if error.isFailedFlush { throw error }
      document.signals.append(
        StatusDocument.Trouble(
          rule: what, status: .red, what: "cannot look: \(error.what): \(error.why)",
          advice: error.advice ?? "see what it is with ls -l"))
    }
  }

  /// How somebody stands by what the rules have found about him, and why.
  func standing(_ subjects: Signal.Subject...) -> (light: Light, why: String)? {
    let found = subjects.flatMap { signals[$0] ?? [] }
    return found.max { $0.light < $1.light }.map { ($0.light, $0.what) }
  }

  // MARK: signs of life

  private mutating func lookAtTick() throws(Failure) {
    let last = try TickRule.last(look)
    // Never yet: nothing is late. Just awake: nothing is judged.
    let own: Light = last == nil ? .amber : min(.amber, try TickRule.liveness(look))
    let light = standing(.tick)?.light ?? own
    document.tick = sign(light, last)
  }

  private mutating func lookAtVitals() throws(Failure) {
    let agents = Set(try look.agents().map(\.name))
    for vital in try Vital.all(look) where !agents.contains(vital.name) {
      let light = look.isJustAwake ? min(.amber, vital.liveness) : vital.liveness
      document.daemons[vital.name] = sign(light, vital.hasBeaten ? vital.last : nil)
    }
    document.gateway = try gateway()
  }

  private func sign(_ light: Light, _ last: Timestamp?) -> StatusDocument.Sign {
    let words = last.map { $0 > now + .seconds(1) ? "in the future" : "\(max(.zero, now - $0).spoken) ago" } ?? "never"
    return StatusDocument.Sign(status: light, detail: words, last: last?.rfc3339Seconds)
  }

  // MARK: the whole

  /// As bad as the worst of it.
  private mutating func judge() {
    var all = document.signals.map { (light: $0.status, words: $0.what) }
    let count = all.count
    for (name, row) in sorted(document.agents) { all.append((row.status, "\(name): \(row.detail)")) }
    for (id, row) in sorted(document.approvals) { all.append((row.status, "\(row.subject ?? id): \(row.detail)")) }
    for (_, row) in sorted(document.pipelines) { all.append((row.status, "\(row.timeline.name): \(row.detail)")) }
    for (name, row) in sorted(document.jobs) { all.append((row.status, "\(name): \(row.detail)")) }
    for row in document.deliveries.inDoubt {
      all.append((.amber, "\(row.subject ?? row.to): may or may not have gone out"))
    }
    for (name, row) in sorted(document.daemons) { all.append((row.status, "\(name): last beat \(row.detail)")) }
    all.append((document.tick.status, "spool tick: last run \(document.tick.detail)"))
    document.status = all.map(\.light).max() ?? .green
    document.detail = "all is well"
    guard document.status > .green, let first = all.firstIndex(where: { $0.light == document.status }) else { return }
    // What a rule has found is shown by a row as well, and counts once.
    let others = first < count ? count - 1 : count
    document.detail = all[first].words + (others > 0 ? " (and \(others) more)" : "")
  }

  private func sorted<Row>(_ rows: [String: Row]) -> [(key: String, value: Row)] { rows.sorted { $0.key < $1.key } }
}
