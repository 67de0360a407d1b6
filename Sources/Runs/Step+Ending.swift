import Spool
import Work

/// What becomes of a step when its command has ended, or could not begin.
extension Step {
  /// The rename of what it printed is what finishes it.
  func commit(_ output: File, _ record: StepRecord, _ file: File) throws(Failure) -> Ending {
    if let trouble = try innerTrouble() { return trouble }
    if record.exit != nil { try record.write(to: file) }
    // So that ls -l says when it ended.
    try output.setModified(.now)
    try output.sync()
    try file.sync()
    guard try state.steps.move(RunState.outputPrefix + name, to: state.steps, as: name) == .done else {
      throw Failure(
        .software, "\(state.steps.path)/\(name)",
        "could not be committed: something is there, or its output was removed",
        do: "look at \(state.path)")
    }
    try state.steps.sync()
    queue.spool.journal.write(
      "step", queue: queue.name, id: state.id,
      detail: "\(name): \(record.exit.map { "exit \($0)" } ?? "done") after \((Timestamp.now - record.began).spoken)")
    try output.seek(to: 0)
    return Ending(exit: record.exit ?? 0, product: output)
  }

  /// A step that has begun others is finished when they are: whatever its command thinks of them.
  private func innerTrouble() throws(Failure) -> Ending? {
    guard try state.steps.contains(RunState.withinPrefix + name) else { return nil }
    let inner = try state.found(looking: true).filter { $0.record.within == name && $0.state != .committed }
    let dead = try StepPresence.dead(in: state)
    if let halt = try state.halt(), !inner.isEmpty {
      return Ending(exit: halt.exit, words: "\(name): not finished: the run stops at \(halt.spoken)")
    }
    guard let one = inner.first?.record.name ?? dead else { return nil }
    // In doubt, as that one is: nothing goes past it.
    return Ending(
      exit: ExitStatus.tryAgain.rawValue, words: "\(name): not finished: its step \(one) has died", isStopped: true)
  }

  /// A shell's `pipeline-step` ended as what is killed does. Where nothing on record says why, it has died before it could say so.
  public static func ended(_ name: String, with status: Int32, of state: RunState, _ presence: StepPresence?)
    throws(Failure)
  {
    let exit = try StepRecord.read(name, in: state)?.exit
    let isKnown = try state.steps.contains(name) && exit == status
    let isHalted = try state.halt() != nil
    let isDead = try StepPresence.dead(in: state) != nil
    if isKnown || isHalted || isDead { presence?.leave() } else { try presence?.tell(name) }
  }

  /// What keeps us from our own work keeps the script from going past it.
  public static func fail(_ status: ExitStatus, _ why: String, of state: RunState, step: String?) throws(Failure) {
    try state.stop(Halt(kind(ofOwn: status), step: step, exit: status.rawValue, why: why))
  }

  /// What a failure of our own means: the script is wrong, or the machine refuses something for now, or a person is needed.
  private static func kind(ofOwn status: ExitStatus) -> Halt.Kind {
    switch status {
    case .usage: .failed
    case .tryAgain, .io, .cannotCreate: .parked
    default: .held
    }
  }

  /// Whether hardly a file more fits: then a command's failure says nothing of it.
  private static func lacksRoom(_ output: File) -> Bool {
    guard let space = try? Kernel.space(output.descriptor) else { return false }
    return space.freeBytes < 65536 || (space.totalInodes > 0 && space.freeInodes == 0)
  }

  func settle(notStarted failure: Failure, _ record: StepRecord, _ file: File) throws(Failure) -> Ending {
    let output = try freshOutput()
    let exit = Child.Outcome(end: .exited(failure.status.rawValue))
    return try settle(exit, isOverdue: false, output, record, file, because: failure)
  }

  func settle(
    _ outcome: Child.Outcome, isOverdue: Bool, _ output: File, _ record: StepRecord, _ file: File,
    because failure: Failure? = nil
  ) throws(Failure) -> Ending {
    var record = record
    let exit = outcome.status.rawValue
    record.exit = exit
    record.ended = .now
    if mayFail && !isOverdue { return try commit(output, record, file) }
    if failure == nil && !isOverdue && Self.lacksRoom(output) {
      // What it has printed is no product, and takes the room that all else now lacks.
      try output.truncate(to: 0)
      let full = Failure(.tryAgain, name, "\(outcome.spoken) on a full disk", do: "free some space, then spool release")
      let none = Child.Outcome(end: .exited(ExitStatus.tryAgain.rawValue))
      return try settle(none, isOverdue: false, output, record, file, because: full)
    }
    let kind: Halt.Kind
    switch exit {
    case _ where isOverdue: kind = .overdue
    case _ where failure != nil: kind = Self.kind(ofOwn: failure!.status)
    case ExitStatus.tryAgain.rawValue: kind = .parked
    case ExitStatus.unavailable.rawValue: kind = .held
    default: kind = .failed
    }
    let verdict = try StepUse.verdict(of: self, exit: exit, output)
    let reason = failure?.description ?? verdict?.why ?? outcome.spoken
    let halt = Halt(
      kind, step: name, exit: isOverdue ? ExitStatus.timedOut.rawValue : exit, why: reason,
      isRejection: kind == .failed && verdict?.isRejection == true)
    try state.stop(halt)
    // The halt is what counts; this is for who looks, and for a step that failed beside the first one.
    try record.write(to: file)
    try output.seek(to: 0)
    return Ending(exit: exit, product: output, words: "\(name): \(reason)")
  }
}
