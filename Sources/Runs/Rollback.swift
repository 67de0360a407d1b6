import Spool
import Work

/// Undoes what a run has done, in reverse order of its beginning; what was undone is never undone again, whatever is killed.
///
/// A step is undone when its record has gone to `undone/`: an undo that was killed before that is made again.
struct Rollback {
  let state: RunState
  let request: RunRequest
  let environment: [String: String]
  /// Gets what an undo prints.
  var onOutput: ([UInt8]) -> Void = { _ in }

  private static let attempts = 3
  private static let pauses: [Duration] = [.seconds(1), .seconds(10)]

  enum Ending {
    case undone
    /// This one could not be.
    case stuck(step: String, why: String)
    case stopped(Int32)
  }

  /// A step, and what undoes it, in the order in which that is to be done.
  struct Undoing {
    var step: String
    var lines: [UndoLog.Line]
  }

  /// What is still to be undone, in the order in which it is to be.
  func remaining(looking: Bool) throws(Failure) -> [Undoing] {
    let found = try state.found(looking: looking)
    var undoings: [Undoing] = []
    for line in try UndoLog(state).lines().reversed() {
      guard let step = found.first(where: { $0.record.name == line.step }) else { continue }
      // What has failed by its own word did nothing; what was cut off may have. An inner run is another's word.
      if step.state == .failed && !step.record.endedUncleanly && line.isInner != true { continue }
      if let place = undoings.firstIndex(where: { $0.step == line.step }) {
        undoings[place].lines.append(line)
      } else {
        undoings.append(Undoing(step: line.step, lines: [line]))
      }
    }
    return undoings
  }

  func run() throws(Failure) -> Ending {
    try finishMoves()
    try withdrawQuestions()
    for undoing in try remaining(looking: false) {
      // What its command has left running ends first.
      if let file = try state.steps.open(RunState.recordPrefix + undoing.step) {
        try file.lock()
        file.unlock()
      }
      for line in undoing.lines {
        switch try undo(line) {
        case .undone: continue
        case let ending: return ending
        }
      }
      try settle(undoing.step, as: RunState.recordPrefix)
      say("undone: \(undoing.step)")
    }
    return .undone
  }

  /// What was undone, and what has nothing that undoes it, for a person.
  func spoken() throws(Failure) -> String {
    let undone = try state.undone().filter(\.isUndone).map(\.record.name)
    let left = try state.found(looking: true).filter { $0.state == .committed }.map(\.record.name)
    let words = [
      undone.isEmpty ? nil : "undone: \(undone.joined(separator: ", "))",
      left.isEmpty ? nil : "without --undo, and left as it is: \(left.joined(separator: ", "))",
    ]
    return words.compactMap { $0 }.joined(separator: "; ")
  }

  /// Nobody is to answer for a run that is over.
  private func withdrawQuestions() throws(Failure) {
    for step in try state.found(looking: false) where step.state != .committed {
      for use in try StepUse.all(of: step.record.name, in: state) where use.tool == "wait-approval" {
        guard let (queue, id) = try use.entry(in: state.queue.spool), let place = try queue.locate(id),
          [.new, .wait, .hold].contains(place.room)
        else { continue }
        do { try queue.carryOut(.cancel, for: place, by: "its run \(state.id.short), which is over") } catch {
          // Somebody is just answering it, or the disk is full: it is of no use to anybody, and does no harm.
          if error.isFailedFlush { throw error }
        }
      }
    }
  }

  private func undo(_ line: UndoLog.Line) throws(Failure) -> Ending {
    var why = ""
    for attempt in 1...Self.attempts {
      let outcome = try execute(line, attempt)
      if let number = outcome.stoppedBy { return .stopped(number) }
      if outcome.succeeded { return .undone }
      why = outcome.spoken
      say("undoing \(line.step), attempt \(attempt): \(why)")
      guard attempt < Self.attempts else { break }
      Signals.wait(atMost: Self.pauses[attempt - 1])
      if let number = Signals.pending() { return .stopped(number) }
    }
    return .stuck(step: line.step, why: why)
  }

  private func say(_ words: String) {
    state.queue.logAttempt(state.id, words)
    state.queue.spool.journal.write("undo", queue: state.queue.name, id: state.id, detail: words)
  }

  private func execute(_ line: UndoLog.Line, _ attempt: Int) throws(Failure) -> Child.Outcome {
    let product = try state.steps.open(line.step)
    var environment = environment
    environment["STEP"] = line.step
    environment["STEP_STATE"] = product == nil ? "in-doubt" : "committed"
    environment["UNDO_ATTEMPT"] = String(attempt)
    // The run's own time may be over; its undoing has its own.
    let deadline = Deadline(after: line.timeout)
    deadline.handDown(to: &environment)
    let uses = RunState.usesPrefix + "undo-" + line.step
    try state.steps.unlink(uses)
    StepUse.announce(
      "\(try state.keyPrefix())/undo-\(line.step)", attempt: attempt, file: uses, of: state, in: &environment)
    let child: Child
    do {
      child = try Child(
        Command(
          path: "/bin/sh", arguments: ["sh", "-c", line.command], environment: environment,
          directory: request.directory,
          umask: request.umask), input: product)
    } catch {
      say("undoing \(line.step): \(error)")
      return Child.Outcome(end: .exited(error.status.rawValue))
    }
    return child.run(until: deadline) { piece in
      state.queue.log(state.id, String(decoding: piece, as: UTF8.self))
      return .more
    } onError: { piece in
      state.queue.log(state.id, String(decoding: piece, as: UTF8.self))
      onOutput(Array(piece))
    }
  }

  /// The record's move is what says that it is undone; its product follows.
  private func settle(_ step: String, as prefix: String) throws(Failure) {
    let undone = try Directory.making("undone", in: state.directory)
    let generation = try state.generation()
    _ = try state.steps.move(RunState.recordPrefix + step, to: undone, as: "\(prefix)\(step).\(generation)")
    try undone.sync()
    try moveProduct(of: step, to: undone, generation)
    try state.steps.sync()
  }

  /// What has failed, and needs no undoing, is begun anew as well.
  func forget() throws(Failure) {
    try finishMoves()
    for step in try state.found(looking: false) where step.state != .committed {
      try settle(step.record.name, as: RunState.endedPrefix)
    }
  }

  private func moveProduct(of step: String, to undone: Directory, _ generation: Int) throws(Failure) {
    if try state.steps.contains(step) {
      _ = try state.steps.move(step, to: undone, as: "\(step).\(generation)")
      try undone.sync()
    }
  }

  /// Of one that was killed between the two moves.
  private func finishMoves() throws(Failure) {
    guard try state.directory.status("undone")?.isDirectory == true else { return }
    let undone = try Directory("undone", in: state.directory)
    let generation = try state.generation()
    for name in try undone.names() where name.hasPrefix(RunState.recordPrefix) && name.hasSuffix(".\(generation)") {
      let step = name.dropFirst(RunState.recordPrefix.count).dropLast(".\(generation)".count)
      if try !state.steps.contains(RunState.recordPrefix + step) {
        try moveProduct(of: String(step), to: undone, generation)
      }
    }
    // Found here: that they came here may not be durable.
    try undone.sync()
    try state.steps.sync()
  }
}
