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

  func run() throws {
    // The run's own lock: held by an orphan it would keep the run from going on, which waits for this step's lock instead.
    if let number = getenv("SPINDLE_LOCK_FD").flatMap({ Int32(String(cString: $0)) }) { close(number) }
    unsetenv("SPINDLE_LOCK_FD")
    let opened = try spool.open(as: "pipeline-step")
    guard let word = getenv("RUN").map({ String(cString: $0) }), let id = try? EntryID(word),
      try opened.root.status(RunRequest.queueName)?.isDirectory == true,
      let state = try RunState(of: id, in: opened.queue(RunRequest.queueName))
    else {
      throw Failure(
        .usage, name, "is no step of a run here (RUN is not set)", do: "start its script with pipeline-run SCRIPT")
    }
    var step = try Step(name, command: command, of: state)
    step.undo = undo
    step.timeout = timeout?.duration
    step.attempts = attempts
    step.mayFail = mayFail
    step.acceptsChange = acceptChange || getenv("SPINDLE_ACCEPT_CHANGE") != nil
    let log = StepLog(id, opened)
    step.onError = log.write
    let ending = try step.run()
    if let words = ending.words { log.write(Array("pipeline-step: \(words.printableLines)\n".utf8)) }
    try ending.product?.copy { piece in output(bytes: Array(piece)) }
    if ending.exit != 0 { throw Exit(ExitStatus(rawValue: ending.exit)) }
  }
}

/// What a step says on stderr goes through, and into the run's log. Where our stderr is the pipe of the run's own `pipeline-run`, that
/// one writes the log, in the order in which things were said.
private struct StepLog {
  let id: EntryID
  let spool: SpoolDirectory
  private let isLogged: Bool

  init(_ id: EntryID, _ spool: SpoolDirectory) {
    self.id = id
    self.spool = spool
    isLogged = Command.isHeard()
  }

  func write(_ bytes: [UInt8]) {
    // An orphan's pipe leads nowhere.
    if complain(bytes: bytes) && isLogged { return }
    try? spool.queue(RunRequest.queueName).log(id, String(decoding: bytes, as: UTF8.self))
  }
}
