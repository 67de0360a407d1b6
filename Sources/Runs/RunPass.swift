import Glibc
import Spool
import Work

/// One pass of a run's script, from its beginning: what is finished is replayed, what is not is done.
struct RunPass {
  let claim: Claim
  let state: RunState
  let request: RunRequest
  let environment: [String: String]
  var onOutput: ([UInt8]) -> Void
  var onError: ([UInt8]) -> Void

  enum Ending {
    /// The script and all its steps have ended well.
    /// - Parameter of: so many bytes it was; more than what is kept where it was very much.
    case complete(output: [UInt8], of: Int)
    case halted(Halt)
    /// Something died that should not have: the run goes on from here.
    case died(String)
    case stopped(Int32)
  }

  /// As much as a record keeps of what a script has printed; of more it keeps the end, which says how it ended.
  private static let outputLimit = 16 << 20
  private static let tail = 1 << 20

  func run() throws(Failure) -> Ending {
    try StepPresence.forgetDead(in: state)
    let script = "\(state.path)/script"
    let interpreter = Interpreter(of: request, copy: script)
    try copy(interpreter.text)
    var environment = environment
    environment["SPINDLE_SCRIPT"] = script
    let pass = "\(SpoolDirectory.processID).\(Timestamp.now.rfc3339)"
    environment["SPINDLE_PASS"] = pass
    let deadline = request.deadline.map { Deadline(after: $0 - .now) }
    deadline?.handDown(to: &environment)
    guard let path = try Command.find(interpreter.path, in: Command.searchPath(environment)) else {
      return try missing(interpreter.path, "the script's interpreter is not there")
    }
    var command = Command(
      path: path, arguments: interpreter.arguments, environment: environment, directory: request.directory,
      umask: request.umask)
    command.tellsErrorPipe = true
    Child.adoptOrphans()
    let child: Child
    do { child = try Child(command, lock: claim.file) } catch {
      if error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory || error.errno == .permissionDenied {
        return try missing(request.directory, "the directory in which it runs cannot be entered")
      }
      if error.status == .tryAgain { return .died(error.description) }
      return try missing(interpreter.path, error.description)
    }
    // Its steps are in its group, and see to their own end: one that it did not wait for is not cut off.
    child.leavesOthers = true
    child.leavesOthersWhenStopped = true
    var kept: [UInt8] = []
    var count = 0
    func print(_ piece: ArraySlice<UInt8>) {
      count += piece.count
      kept += piece
      if count > Self.outputLimit && kept.count > 2 * Self.tail { kept = Array(kept.suffix(Self.tail)) }
      onOutput(Array(piece))
    }
    func complain(_ piece: ArraySlice<UInt8>) {
      state.queue.log(state.id, String(decoding: piece, as: UTF8.self))
      onError(Array(piece))
    }
    let outcome = child.run(until: deadline) { piece in
      print(piece)
      return .more
    } onError: {
      complain($0)
    }
    let stopped = try awaitRest(child, outcome) { child.hearOthers(atMost: $0, onOutput: print, onError: complain) }
    return try conclude(pass, outcome, stoppedBy: stopped ?? outcome.stoppedBy, (kept, of: count))
  }

  /// The script as the entry has it, where an interpreter can read it.
  private func copy(_ text: [UInt8]) throws(Failure) {
    let known = try state.directory.open("script")?.readAll(limit: Entry.sizeLimit)
    if known != text { try state.directory.replace("script", with: text, mode: 0o500) }
    if try !state.directory.contains(KeptList.fileName) { try KeptList.write(request.kept, to: state) }
  }

  private func missing(_ what: String, _ why: String) throws(Failure) -> Ending {
    .halted(try state.stop(Halt(.held, exit: ExitStatus.unavailable.rawValue, why: "\(what): \(why)")))
  }

  /// How long the steps may take to end when they were told to: what they give their commands, and a second more.
  private static let grace = Child.grace + .seconds(1)
  /// There is no event of a lock that falls; it is looked for only where a script did not wait for its steps.
  private static let look = Duration.milliseconds(20)

  /// Waits until all that the script has started is over, as far as it is in its group: a script may end before what it has sent to the
  /// background. Once the run stops, only steps are waited for, and the rest is ended.
  /// - Returns: the signal that stopped the waiting.
  private func awaitRest(
    _ child: Child, _ outcome: Child.Outcome, hearing: (Duration) -> Void
  ) throws(Failure) -> Int32? {
    var stopped: Int32?
    var isEnding = outcome.stoppedBy != nil || outcome.timedOut
    var isKilled = false
    if isEnding { try state.endSteps(SIGTERM) }
    var end = isEnding ? Deadline(after: Self.grace) : request.deadline.map { Deadline(after: $0 - .now) }
    while true {
      let halt = try state.halt()
      if isEnding || halt != nil || !child.othersLive, try state.isQuiet() { break }
      hearing(Self.look)
      if let number = Signals.pending() { stopped = number }
      guard stopped != nil && !isEnding || end?.hasPassed == true else { continue }
      // What is left after SIGKILL and a while is an orphan, and orphans are waited for by the next pass.
      if isKilled { break }
      let number = isEnding ? SIGKILL : SIGTERM
      child.endOthers(number)
      try state.endSteps(number)
      isKilled = isEnding
      isEnding = true
      end = Deadline(after: Self.grace)
    }
    child.endOthers()
    // What they have said last.
    hearing(.zero)
    return stopped
  }

  private func conclude(
    _ pass: String, _ outcome: Child.Outcome, stoppedBy: Int32?, _ output: (kept: [UInt8], of: Int)
  ) throws(Failure) -> Ending {
    if let halt = try state.halt() { return .halted(halt) }
    if let number = stoppedBy { return .stopped(number) }
    if let deadline = request.deadline, deadline <= .now {
      let halt = Halt(
        .overdue, exit: ExitStatus.timedOut.rawValue, why: "its time was over at \(deadline.rfc3339Seconds)")
      return .halted(try state.stop(halt))
    }
    // One of an earlier pass that a script which ended well has not asked for any more is its own business.
    let inDoubt = try state.found(looking: false).filter { step in
      step.state != .committed && (outcome.end != .exited(0) || step.record.pass == pass)
    }
    // Killed between its commit and its end, it is in no doubt; but the script went no further.
    if let dead = try StepPresence.dead(in: state) ?? inDoubt.first?.record.name { return .died("\(dead) has died") }
    switch outcome.end {
    case .exited(0): return .complete(output: output.kept, of: output.of)
    case .killed(let number): return .died("the script was ended by signal \(number), as its log may tell")
    // With set -e a shell says so of what it has waited for: of a step that was killed before it had its first word, say.
    case .exited(let code) where code > 128 && code < 128 + 65:
      return .died("the script ended as what is killed by signal \(code - 128)")
    case .exited(let code):
      let kind: Halt.Kind
      switch code {
      case ExitStatus.tryAgain.rawValue: kind = .parked
      case ExitStatus.unavailable.rawValue: kind = .held
      default: kind = .failed
      }
      return .halted(try state.stop(Halt(kind, exit: code, why: "the script ended with exit \(code)")))
    }
  }
}
