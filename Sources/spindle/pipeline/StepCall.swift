import CommandLine
import Glibc
import Runs
import Spool
import Work

/// One call of `pipeline-step`: its place in the run, from its first instant on, and what its shell hears of it.
struct StepCall {
  var name: String
  var command: [String]
  /// What starts it only if it may be.
  var guardian: [String] = []
  /// The spool; nil: where it lies without `-C`.
  var path: String?
  var undo: String?
  var timeout: Duration?
  var attempts = 1
  var mayFail = false
  var acceptsChange = false

  /// Ours in the run; the process has one.
  nonisolated(unsafe) private static var presence: StepPresence?

  /// What `pipeline-step` is called with. What has no options needs no parser: laying them out takes longer than all else that most
  /// steps do. Comes back with what is left to be parsed.
  static func start(_ words: [String]) {
    enter()
    if words.first == "--ended" { ended(words) }
    if words.count > 2, words[1] == "--", !words[0].hasPrefix("-") {
      PipelineStepTool.start { try StepCall(name: words[0], command: Array(words[2...])).run() }
    }
  }

  /// Words that could not be read.
  static func refuse(_ why: String) {
    enter()
    fails(.malformed, why)
  }

  /// Before anything else: what is killed before this is told of by its shell.
  private static func enter() {
    do { presence = try StepPresence.enter() } catch {
      // Its script must not go past it, and nobody else can say so.
      complain("pipeline-step: \(error)")
      kill(0, SIGTERM)
      kill(getppid(), SIGTERM)
      Exit.now(error.status)
    }
    Exit.onDone = { presence?.leave() }
    Exit.onBroken = { fails(.io, $0) }
  }

  /// `--ended STATUS`, and the arguments of the one that ended: said by the shell (`Interpreter`).
  private static func ended(_ words: [String]) -> Never {
    if words.count > 2, let status = Int32(words[1]), let state = try? state(nil) {
      let rest = Array(words.dropFirst(2))
      let name = rest[0].hasPrefix("-") ? (try? PipelineStepTool.parse(rest).name) : rest[0]
      try? Step.ended(name ?? "a step", with: status, of: state, presence)
    }
    Glibc.exit(0)
  }

  /// What keeps us from our own work keeps the script from going past it.
  static func fails(_ status: ExitStatus, _ why: String) {
    guard presence != nil, let state = try? state(nil) else { return }
    // Where not even this can be written, our presence stays, as that of the dead.
    if (try? Step.fail(status, why, of: state, step: nil)) != nil { presence?.leave() }
  }

  private static func state(_ path: String?) throws -> RunState? {
    guard let word = getenv("RUN").map({ String(cString: $0) }), let id = try? EntryID(word) else { return nil }
    let opened = try SpoolOptions.open(path, as: "pipeline-step")
    guard try opened.root.status(RunRequest.queueName)?.isDirectory == true else { return nil }
    return try RunState(of: id, in: opened.queue(RunRequest.queueName))
  }

  func run() throws {
    // The run's own lock: held by an orphan it would keep the run from going on, which waits for this step's lock instead.
    // Its script may have put something of its own in its place.
    if let id = getenv("RUN"), let path = try? Kernel.readLink("/proc/self/fd/9", in: nil),
      path.contains("/\(RunRequest.queueName)/run/"),
      path.split(separator: "/").last?.hasPrefix(String(cString: id)) == true
    {
      close(9)
    }
    unsetenv("SPINDLE_LOCK_FD")
    guard let state = try Self.state(path) else {
      throw Failure(
        .usage, name, "is no step of a run here (RUN is not set)", do: "start its script with pipeline-run SCRIPT")
    }
    var step = try Step(name, command: command, of: state)
    step.guardian = guardian
    step.undo = undo
    step.timeout = timeout
    step.attempts = attempts
    step.mayFail = mayFail
    step.acceptsChange = acceptsChange || getenv("SPINDLE_ACCEPT_CHANGE") != nil
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
