import Glibc
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
    let generation = try state.generation()
    let undone = try Set(state.undone().filter { $0.generation == generation }.map(\.record.name))
    var undoings: [Undoing] = []
    for line in try UndoLog(state).lines().reversed() {
      if let step = found.first(where: { $0.record.name == line.step }) {
        // What has failed by its own word did nothing; what was cut off may have. An inner run is another's word.
        if step.state == .failed && !step.record.wasCutOff && line.isInner != true { continue }
      } else if line.generation != generation || undone.contains(line.step) {
        // Else a power cut has left the line, which is flushed first, and not the record: it has begun.
        continue
      }
      if let place = undoings.firstIndex(where: { $0.step == line.step }) {
        undoings[place].lines.append(line)
      } else {
        undoings.append(Undoing(step: line.step, lines: [line]))
      }
    }
    return undoings
  }

  func run() throws(Failure) -> Ending {
    try state.finishMoves()
    try withdrawQuestions()
    if let number = try awaitSteps() { return .stopped(number) }
    for undoing in try remaining(looking: false) {
      // What its command, or an undo that was killed, has left running ends first; it has the lock with us from here on.
      let record = try state.steps.openOrCreate(RunState.recordPrefix + undoing.step)
      let patience = Deadline(after: undoing.lines[0].timeout)
      while try !record.tryLock() {
        if let number = Self.pause(Self.look) { return .stopped(number) }
        if patience.hasPassed {
          let holders = try LockTable.holders(of: record.status()).joined(separator: ", ")
          return .stuck(step: undoing.step, why: "what it has started goes on: \(holders)")
        }
      }
      defer { record.unlock() }
      for line in undoing.lines {
        switch try undo(line, record) {
        case .undone: continue
        case let ending: return ending
        }
      }
      try state.settle(undoing.step, as: RunState.recordPrefix)
      say("undone: \(undoing.step)")
      if let number = Signals.pending() { return .stopped(number) }
    }
    return .undone
  }

  /// There is no event of a lock that falls.
  private static let look = Duration.milliseconds(20)

  /// - Returns: the signal that has come meanwhile.
  private static func pause(_ span: Duration) -> Int32? {
    Signals.wait(atMost: span)
    return Signals.pending()
  }

  /// Waits for the steps that outlived their `pipeline-run`. Where the run was given up, or has no time left, they are ended.
  private func awaitSteps() throws(Failure) -> Int32? {
    let halt = try state.halt()
    var number = halt?.kind == .failed ? nil : SIGTERM
    var end = Deadline(after: Child.grace + .seconds(1))
    var isTold = false
    while try !state.isQuiet() {
      if let signal = number, !isTold {
        try state.endSteps(signal)
        isTold = true
      }
      if number == SIGTERM && end.hasPassed {
        (number, isTold, end) = (SIGKILL, false, Deadline(after: .seconds(3600)))
      }
      if let signal = Self.pause(Self.look) { return signal }
    }
    return nil
  }

  /// What was undone, and what has nothing that undoes it, for a person.
  func spoken() throws(Failure) -> String {
    let generation = try state.generation()
    let undone = try state.undone().filter { $0.isUndone && $0.generation == generation }.map(\.record.name)
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

  private func undo(_ line: UndoLog.Line, _ record: File) throws(Failure) -> Ending {
    var why = ""
    for attempt in 1...Self.attempts {
      let outcome = try execute(line, attempt, record)
      if outcome.succeeded { return .undone }
      why = outcome.spoken
      say("undoing \(line.step), attempt \(attempt): \(why)")
      guard attempt < Self.attempts else { break }
      if let number = Self.pause(Self.pauses[attempt - 1]) { return .stopped(number) }
    }
    return .stuck(step: line.step, why: why)
  }

  private func say(_ words: String) {
    state.queue.logAttempt(state.id, words)
    state.queue.spool.journal.write("undo", queue: state.queue.name, id: state.id, detail: words)
  }

  /// Which attempt it is of all that were made, also by others before us.
  private func countAttempt(_ step: String) throws(Failure) -> Int {
    let file = try state.steps.openOrCreate(".undos-" + step)
    let count = 1 + (Int(String(decoding: try file.readAll(limit: 100) ?? [], as: UTF8.self)) ?? 0)
    try file.seek(to: 0)
    try file.write(Array(String(count).utf8))
    return count
  }

  private func execute(_ line: UndoLog.Line, _ attempt: Int, _ record: File) throws(Failure) -> Child.Outcome {
    let product = try state.steps.open(line.step)
    var environment = environment
    environment["STEP"] = line.step
    environment["STEP_STATE"] = product == nil ? "in-doubt" : "committed"
    environment["UNDO_ATTEMPT"] = String(try countAttempt(line.step))
    // The run's own time may be over; its undoing has its own.
    let deadline = Deadline(after: line.timeout)
    deadline.handDown(to: &environment)
    // No step is called so.
    let undo = "-undo-" + line.step
    let uses = RunState.usesPrefix + undo
    try state.steps.unlink(uses)
    StepUse.announce(
      "\(try state.keyPrefix())/\(undo)", attempt: attempt, file: uses, of: state, in: &environment)
    let child: Child
    do {
      child = try Child(
        Command(
          path: "/bin/sh", arguments: ["sh", "-c", line.command], environment: environment,
          directory: request.directory,
          umask: request.umask), input: product, lock: record)
    } catch {
      say("undoing \(line.step): \(error)")
      return Child.Outcome(end: .exited(error.status.rawValue))
    }
    // Whoever wants us to stop has to wait for it: what undoes is not to be made by halves, and then again.
    return child.run(until: deadline, isFinishing: true) { piece in
      state.queue.log(state.id, String(decoding: piece, as: UTF8.self))
      return .more
    } onError: { piece in
      state.queue.log(state.id, String(decoding: piece, as: UTF8.self))
      onOutput(Array(piece))
    }
  }
}
