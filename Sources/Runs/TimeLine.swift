import Spool

/// What became of a run, step by step: read from its state and from the entries that its steps have asked for. For people and
/// dashboards; nothing is locked, nothing computed from it.
public struct TimeLine: Encodable, Sendable {
  public struct Step: Encodable, Sendable {
    public var name: String
    public var command: String
    /// done, failed, running, in doubt, undone, not undone.
    public var state: String
    public var attempt: Int
    public var exit: Int32?
    public var began: String
    public var ended: String?
    public var seconds: Double
    /// When it was undone.
    public var undone: String?
    public var asked: [Asked] = []
    public var pid: Int32?
  }

  /// A tool's entry that a step has asked for.
  public struct Asked: Encodable, Sendable {
    public var tool: String
    public var to: String
    public var id: String
    /// Of a question: its verdict, or that it is open.
    public var verdict: String?
    public var waitedSeconds: Double?
    /// Of a model call.
    public var costUSD: Double?
  }

  /// Why the run has stopped, then or now.
  public struct Stop: Encodable, Sendable {
    public var time: String
    public var kind: String
    public var step: String?
    public var exit: Int32
    public var why: String
  }

  public var id: String
  public var name: String
  public var room: String
  public var script: String
  public var began: String
  public var ended: String?
  public var deadline: String?
  public var seconds: Double
  public var waitedSeconds = 0.0
  public var waitedFor: [String] = []
  public var costUSD: Double?
  public var steps: [Step] = []
  public var stops: [Stop] = []
  /// What is to be undone still, in its order; where the run is over, what was not.
  public var notUndone: [String] = []
  /// Why it lies where it lies, where it waits for a person.
  public var held: String?

  /// - Returns: nil where the entry is no run.
  public init?(of place: Place, in queue: Queue) throws(Failure) {
    guard let entry = try queue.entry(at: place), let request = try? RunRequest(entry) else { return nil }
    let id = place.name.id
    self.id = id.description
    name = request.name
    room = place.room.rawValue
    script = request.script
    began = id.time.rfc3339
    deadline = request.deadline?.rfc3339
    seconds = 0
    var end: Timestamp? = try queue.response(id)?.header["Ended"].flatMap { Timestamp(rfc3339: $0) }
    if place.room == .hold { held = queue.lastReason(id) }
    if let state = try RunState(of: id, in: queue) {
      let halt = try state.halt()
      var halts = try state.earlierHalts()
      if let halt { halts.append(halt) }
      stops = halts.map { Stop($0) }
      if halt?.kind.undoes == true {
        notUndone = try Rollback(state: state, request: request, environment: [:]).remaining(looking: true).map(\.step)
      }
      for undone in try state.undone() {
        let word = undone.isUndone ? "undone" : undone.record.ended == nil ? "in doubt" : "failed"
        var step = try Step(undone.record, word, undone.ended ?? undone.time, state, generation: undone.generation)
        step.undone = undone.isUndone ? undone.time.rfc3339 : nil
        steps.append(step)
      }
      for found in try state.found(looking: true) {
        steps.append(try Step(found.record, word(found), found.ended, state))
      }
      steps.sort { $0.began < $1.began }
    }
    if end == nil, place.room == .fail { end = try queue[.fail].status(place.fileName)?.changed }
    ended = end?.rfc3339
    seconds = ((end ?? .now) - id.time).inSeconds
    sum()
  }

  private func word(_ found: RunState.Found) -> String {
    switch found.state {
    case .committed: "done"
    case .failed: "failed"
    case .running: "running"
    case .inDoubt: "in doubt"
    }
  }

  private mutating func sum() {
    for asked in steps.flatMap(\.asked) {
      if let waited = asked.waitedSeconds {
        waitedSeconds += waited
        if !waitedFor.contains(asked.to) { waitedFor.append(asked.to) }
      }
      if let cost = asked.costUSD { costUSD = (costUSD ?? 0) + cost }
    }
    // Two who are waited for at once are waited for once, as far as the whole goes.
    waitedSeconds = min(waitedSeconds, seconds)
  }
}

extension TimeLine.Step {
  init(
    _ record: StepRecord, _ state: String, _ ended: Timestamp?, _ run: RunState, generation: Int? = nil
  ) throws(Failure) {
    name = record.name
    command = record.command
    self.state = state
    attempt = record.attempt
    exit = record.exit
    began = record.began.rfc3339
    self.ended = ended?.rfc3339
    seconds = ((ended ?? .now) - record.began).inSeconds
    let status = try run.steps.status(RunState.recordPrefix + record.name)
    pid = state == "running" && status.map { LockTable.isHeld($0, by: record.pid) } == true ? record.pid : nil
    // A step that is asked again under its key has asked once.
    var seen: Set<String> = []
    for use in try StepUse.all(of: record.name, in: run, generation: generation)
    where seen.insert(use.tool + use.key).inserted {
      if let one = try TimeLine.Asked(use, in: run.queue.spool) { asked.append(one) }
    }
  }
}

extension TimeLine.Asked {
  /// - Returns: nil where it has come to no entry.
  init?(_ use: StepUse, in spool: SpoolDirectory) throws(Failure) {
    guard let (queue, id) = try use.entry(in: spool) else { return nil }
    tool = use.tool
    to = use.to
    self.id = id.description
    let answer = try queue.response(id)
    switch tool {
    case "wait-approval":
      let decided = answer?.header["Decided"].flatMap { Timestamp(rfc3339: $0) }
      verdict = answer?.header["Verdict"]
      if verdict == nil { verdict = try queue.locate(unlisted: id)?.room == .fail ? "cancelled" : "open" }
      waitedSeconds = max(0, ((decided ?? .now) - id.time).inSeconds)
    case "claude-call": costUSD = answer?.header["Cost-USD"].flatMap { Double($0) }
    default: break
    }
  }
}

extension TimeLine.Stop {
  init(_ halt: Halt) {
    time = halt.time.rfc3339
    kind = halt.kind.rawValue
    step = halt.step
    exit = halt.exit
    why = halt.why
  }
}

extension Duration {
  var inSeconds: Double { Double(nanoseconds) / 1e9 }
}
