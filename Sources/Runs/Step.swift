import Glibc
import Spool
import Work

/// One step of a run: its command is run once. What it printed is stored, committed by one rename, and on a later pass only printed.
///
/// Killed at any moment, the next pass finds it not begun, in doubt (then its command is run again, under the same default keys), or
/// committed.
public struct Step {
  public var name: String
  public var command: [String]
  /// A program and its first words that start the command only if it may be: no part of what the step is known by, and never
  /// another version of what they name.
  public var guardian: [String] = []
  /// What undoes it, for `/bin/sh -c`.
  public var undo: String?
  public var timeout: Duration?
  public var attempts = 1
  /// Whatever it ends with is its result, for the script to act on.
  public var mayFail = false
  /// Its recorded result counts though its command was another one.
  public var acceptsChange = false
  /// Gets what the command says on stderr as it comes.
  public var onError: ([UInt8]) -> Void = { _ in }

  /// Ours: who dies is told by it.
  public var presence: StepPresence?

  let state: RunState
  var queue: Queue { state.queue }

  /// - Throws: `.usage` for a name that is none.
  public init(_ name: String, command: [String], of state: RunState) throws(Failure) {
    let isName = name.utf8.allSatisfy {
      (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || (45...46).contains($0) || $0 == 95
    }
    guard isName, (1...64).contains(name.utf8.count), !name.hasPrefix("."), !name.hasPrefix("-") else {
      throw Failure(.usage, name, "is no name for a step", do: "use letters, digits, dots, dashes and underscores")
    }
    self.name = name
    self.command = command
    self.state = state
  }

  /// How it ended: what it exits with, and what it prints.
  public struct Ending {
    public var exit: Int32
    /// Its product, open at its beginning; nil where there is none.
    package var product: File?
    /// For a person, where there is something to be said.
    public var words: String?
    /// It was asked to stop, and is in doubt: nothing goes past it.
    public var isStopped = false
  }

  public func run() throws(Failure) -> Ending {
    let outer = Self.outer()
    if outer == name { throw Failure(.usage, name, "is begun by itself", do: "give the inner step another name") }
    try presence?.tell(name)
    if let refusal = try refusal() { return refusal }
    // Shared by all steps of the run: who has it alone knows that none is under way.
    try state.steps.file.lockShared()
    if try state.steps.contains(name), let replayed = try replay() { return replayed }
    let file = try state.steps.openOrCreate(RunState.recordPrefix + name)
    // Where an earlier pass's command lives on, or the same name is used twice at once, its end is waited for.
    try file.lock()
    defer { file.unlock() }
    if let refusal = try refusal() { return refusal }
    if let replayed = try replay() { return replayed }
    let earlier = try StepRecord(name, in: file)
    if let earlier, let refused = try refuseIfChanged(since: earlier) { return refused }
    Signals.catchThem()
    let slot: Slots.Slot?
    do throws(Failure) { slot = try turn(outer) } catch {
      if error.status.rawValue > 128 { return Self.stopped(error.status.rawValue - 128) }
      throw error
    }
    defer { withExtendedLifetime(slot) {} }
    // Also after the waiting: whoever has ended meanwhile may have ended badly.
    if let refusal = try refusal() { return refusal }
    if let dead = try StepPresence.dead(in: state) {
      return Ending(
        exit: ExitStatus.tryAgain.rawValue,
        words: "\(name): not begun: \(dead) has died: the run goes on from there")
    }
    var record = StepRecord(name: name, command: command, attempt: (earlier?.attempt ?? 0) + 1)
    if let outer {
      record.within = outer
      try state.steps.openOrCreate(RunState.withinPrefix + outer).close()
    }
    record.wasCutOff = earlier.map { $0.ended == nil || $0.wasCutOff } ?? false
    return try attempt(record, file)
  }

  /// The step whose command we are a part of.
  private static func outer() -> String? {
    let environment = inheritedEnvironment()
    return environment["SPINDLE_STEP"] == nil ? nil : environment["STEP"]
  }

  /// A place among the steps of the run that may run at once (`--max-parallel`); nil where their number is not limited.
  private func turn(_ outer: String?) throws(Failure) -> Slots.Slot? {
    // A step in a step has its outer one's place.
    guard outer == nil, let count = inheritedEnvironment()["SPINDLE_MAX_PARALLEL"].flatMap({ Int($0) }), count >= 1
    else {
      return nil
    }
    let slots = try Directory.making("slots", in: state.directory)
    return try Slots(count, in: slots).take(until: nil, notice: queue.spool.notice)
  }

  // MARK: Not begun

  /// Nothing of a run that has halted, or is over, is begun.
  private func refusal() throws(Failure) -> Ending? {
    if let halt = try state.halt() {
      return Ending(exit: halt.exit, words: "\(name): not begun: the run stops at \(halt.spoken)")
    }
    if try state.isOver() {
      return Ending(exit: ExitStatus.no.rawValue, words: "\(name): not begun: its run is over, and did not wait for it")
    }
    return nil
  }

  private func replay() throws(Failure) -> Ending? {
    guard let product = try state.steps.open(name) else { return nil }
    let record = try StepRecord.read(name, in: state)
    if let record, let refused = try refuseIfChanged(since: record) { return refused }
    return Ending(exit: record?.exit ?? 0, product: product)
  }

  private func refuseIfChanged(since record: StepRecord) throws(Failure) -> Ending? {
    let now = StepRecord(name: name, command: command, attempt: 1)
    guard now.commandHash != record.commandHash else { return nil }
    if acceptsChange {
      // Accepted once is accepted.
      var record = record
      (record.command, record.commandHash) = (now.command, now.commandHash)
      let file = try state.steps.openOrCreate(RunState.recordPrefix + name)
      try record.write(to: file)
      try file.sync()
      return nil
    }
    let halt = Halt(
      .held, step: name, exit: ExitStatus.malformed.rawValue,
      why: "was begun with another command, as its log tells")
    try state.stop(halt)
    return Ending(
      exit: halt.exit,
      words: """
        \(name): another command than at \(record.began.rfc3339Seconds): a step is known by its name
          then: \(Self.around(record.command, now.command))
          now:  \(Self.around(now.command, record.command))
          pipeline-run --resume \(state.id.short) --accept-change takes what was recorded; two steps need two names
        """)
  }

  /// What differs of a long command, with what stands before it.
  private static func around(_ one: String, _ other: String) -> String {
    let same = zip(one.unicodeScalars, other.unicodeScalars).prefix { $0 == $1 }.count
    if one.utf8.count <= 400 { return one }
    let start = max(0, same - 100)
    return (start > 0 ? "..." : "") + String(String.UnicodeScalarView(one.unicodeScalars.dropFirst(start).prefix(300)))
      + "..."
  }

  // MARK: Begun

  private func attempt(_ first: StepRecord, _ file: File) throws(Failure) -> Ending {
    var record = first
    let input = try StepInput(isReadAgain: attempts > 1)
    let path: String
    let environment = inheritedEnvironment()
    let searched = Command.searchPath(environment)
    do throws(Failure) {
      guard let found = try Command.find(command[0], in: searched) else {
        let isPath = command[0].contains("/")
        throw Failure(
          .unavailable, command[0],
          isPath ? "is not there, or no program" : "no such program in \(searched.joined(separator: ":"))")
      }
      path = guardian.first ?? found
    } catch { return try settle(notStarted: error, record, file) }
    if let undo {
      try UndoLog(state).append(UndoLog.Line(step: name, command: undo, timeout: timeout), again: record.attempt > 1)
    }
    let last = record.attempt + attempts - 1
    var pause = Duration.seconds(1)
    while true {
      try record.write(to: file)
      let deadline = timeout.map { Deadline.within($0) } ?? Deadline.inherited()
      let output = try freshOutput()
      let child: Child
      do {
        var started = Command(
          path: path, arguments: try guardian + versions(), environment: try world(environment, record, deadline))
        started.keepsDescriptors = true
        child = try Child(started, input: input.file, output: output, lock: file)
      } catch { return try settle(notStarted: error, record, file) }
      let outcome = child.run(until: deadline) { _ in
        .more
      } onError: {
        onError(Array($0))
      }
      record.wasCutOff = record.wasCutOff || Self.isCutOff(outcome)
      // Asked to stop: it stays in doubt, and the run goes on from here.
      if let number = outcome.stoppedBy { return Self.stopped(number) }
      if outcome.succeeded { return try commit(output, record, file) }
      let isOverdue = Deadline.inherited()?.hasPassed ?? false
      if outcome.isTransient, record.attempt < last, !isOverdue {
        onError(
          Array("pipeline-step: \(name): attempt \(record.attempt): \(outcome.spoken): again in \(pause.spoken)\n".utf8)
        )
        Signals.wait(atMost: pause)
        if let number = Signals.pending() { return Self.stopped(number) }
        if let refusal = try refusal() {
          (record.exit, record.ended) = (outcome.status.rawValue, .now)
          try record.write(to: file)
          return refusal
        }
        pause = min(pause * 2, .seconds(60))
        record.attempt += 1
        try input.rewind()
        continue
      }
      return try settle(outcome, isOverdue: isOverdue, output, record, file)
    }
  }

  private static func stopped(_ number: Int32) -> Ending {
    Ending(exit: ExitStatus.signal(number).rawValue, isStopped: true)
  }

  private static func isCutOff(_ outcome: Child.Outcome) -> Bool {
    if case .exited(let code) = outcome.end, !outcome.timedOut {
      return code == ExitStatus.timedOut.rawValue || code > 128
    }
    return true
  }

  func freshOutput() throws(Failure) -> File {
    let fileName = RunState.outputPrefix + name
    try state.steps.unlink(fileName)
    return try state.steps.create(fileName)
  }

  /// Arguments that name a file which has changed since the run began name what it was then.
  private func versions() throws(Failure) -> [String] {
    guard let kept = try KeptList(of: state) else { return command }
    let working = Directory.currentPath
    let reader = command.firstIndex { $0.split(separator: "/").last == "claude-call" } ?? command.endIndex
    var words: [String] = []
    for (place, word) in command.enumerated() {
      // What it writes is no prompt: it must land where it is looked for, and not in what is kept.
      let isWritten = place > 0 && command[place - 1] == "--snapshot"
      let version = try place == 0 || isWritten ? nil : kept.version(of: word, from: working, isRead: place > reader)
      words.append(version ?? word)
      if version == nil { continue }
      onError(
        Array("pipeline-step: \(name): \(word.printable) has changed since the run began: it is given as it was\n".utf8)
      )
    }
    return words
  }

  private func world(_ inherited: [String: String], _ record: StepRecord, _ deadline: Deadline?) throws(Failure)
    -> [String: String]
  {
    var environment = inherited
    let prefix = inherited["SPINDLE_RUN_KEY"] ?? state.id.description
    environment["STEP"] = name
    StepUse.announce(
      "\(prefix)/\(name)", attempt: record.attempt, file: RunState.usesPrefix + name, of: state, in: &environment)
    deadline?.handDown(to: &environment)
    return environment
  }
}
