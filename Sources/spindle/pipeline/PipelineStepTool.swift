import ArgumentParser
import CommandLine
import Glibc
import Runs
import Spool
import Work

/// `pipeline-step`: runs a command once in a run, whatever is killed.
struct PipelineStepTool: Tool {
  static let configuration = configured()

  @OptionGroup var spool: SpoolOptions
  @Option(help: ArgumentHelp("What undoes it, for /bin/sh -c, when the run fails later.", valueName: "cmd")) var undo:
    String?
  @Option(help: "How long one attempt may take. Default: as long as the run.") var timeout: Span?
  @Option(help: "How often it is tried where it ends with 74, 75, a signal or --timeout.") var attempts = 1
  @Flag(help: "Whatever it ends with is its result, for the script to act on.") var mayFail = false
  @Flag(help: "Its recorded result counts though its command was another one.") var acceptChange = false
  @Argument(help: "The step's name, one of a kind in its run.") var name: String
  @Argument(parsing: .postTerminator, help: "The command and its arguments, after --.") var command: [String] = []

  func validate() throws {
    guard !command.isEmpty else { throw ValidationError("the command is missing: pipeline-step \(name) -- COMMAND") }
    guard attempts >= 1 else { throw ValidationError("--attempts: at least 1") }
    if let timeout, timeout.duration <= .zero { throw ValidationError("--timeout: longer than nothing") }
    if let undo, undo.allSatisfy(\.isWhitespace) { throw ValidationError("--undo: is empty") }
  }

  /// Ours in the run, from the first instant on; the process has one.
  nonisolated(unsafe) private static var presence: StepPresence?

  /// Before anything else: what is killed before this is seen by nobody but its shell.
  static func enter() {
    do { presence = try StepPresence.enter() } catch {
      // Its script must not go past it, and nobody else can say so.
      complain("pipeline-step: \(error)")
      kill(0, SIGTERM)
      kill(getppid(), SIGTERM)
      Exit.now(error.status)
    }
    Exit.onDone = { presence?.leave() }
  }

  /// `--ended STATUS`, and the arguments of the one that ended: said by the shell (`Interpreter`).
  static func ended(_ words: [String]) -> Never {
    if words.count > 2, let status = Int32(words[1]), let state = try? state(of: .parse([])) {
      let name = (try? parse(Array(words.dropFirst(2))).name) ?? "a step"
      try? Step.ended(name, with: status, of: state, presence)
    }
    Glibc.exit(0)
  }

  static func fails(_ status: ExitStatus, _ why: String) {
    guard presence != nil, let state = try? state(of: .parse([])) else { return }
    // Where not even this can be written, our presence stays, as that of the dead.
    if (try? Step.fail(status, why, of: state, step: nil)) != nil { presence?.leave() }
  }

  private static func state(of spool: SpoolOptions) throws -> RunState? {
    guard let word = getenv("RUN").map({ String(cString: $0) }), let id = try? EntryID(word) else { return nil }
    let opened = try spool.open(as: "pipeline-step")
    guard try opened.root.status(RunRequest.queueName)?.isDirectory == true else { return nil }
    return try RunState(of: id, in: opened.queue(RunRequest.queueName))
  }

  func run() throws {
    // The run's own lock: held by an orphan it would keep the run from going on, which waits for this step's lock instead.
    if let number = getenv("SPINDLE_LOCK_FD").flatMap({ Int32(String(cString: $0)) }) { close(number) }
    unsetenv("SPINDLE_LOCK_FD")
    guard let state = try Self.state(of: spool) else {
      throw Failure(
        .usage, name, "is no step of a run here (RUN is not set)", do: "start its script with pipeline-run SCRIPT")
    }
    var step = try Step(name, command: command, of: state)
    step.undo = undo
    step.timeout = timeout?.duration
    step.attempts = attempts
    step.mayFail = mayFail
    step.acceptsChange = acceptChange || getenv("SPINDLE_ACCEPT_CHANGE") != nil
    step.presence = Self.presence
    let log = StepLog(state)
    step.onError = log.write
    let ending = try step.run()
    if let words = ending.words { log.write(Array("pipeline-step: \(words.printableLines)\n".utf8)) }
    try ending.product?.copy { piece in output(bytes: Array(piece)) }
    if !ending.isStopped { Self.presence?.leave() }
    if ending.exit != 0 { throw Exit(ExitStatus(rawValue: ending.exit)) }
  }
}

/// What a step says on stderr goes through, and into the run's log. Where our stderr is the pipe of the run's own `pipeline-run`, that
/// one writes the log, in the order in which things were said.
private struct StepLog {
  private let state: RunState
  private let isLogged: Bool

  init(_ state: RunState) {
    self.state = state
    isLogged = Command.isHeard()
  }

  func write(_ bytes: [UInt8]) {
    // An orphan's pipe leads nowhere.
    if complain(bytes: bytes) && isLogged { return }
    state.queue.log(state.id, String(decoding: bytes, as: UTF8.self))
  }
}
