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
  @Option(
    help: ArgumentHelp(
      "The command is run only while this still holds: a token, or a file with one, of memory context or claude-call --snapshot.",
      valueName: "token|file"))
  var fresh: [String] = []
  @Argument(help: "The step's name, one of a kind in its run.") var name: String
  @Argument(parsing: .postTerminator, help: "The command and its arguments, after --.") var command: [String] = []

  func validate() throws {
    guard !command.isEmpty else { throw ValidationError("the command is missing: pipeline-step \(name) -- COMMAND") }
    guard attempts >= 1 else { throw ValidationError("--attempts: at least 1") }
    if let timeout, timeout.duration <= .zero { throw ValidationError("--timeout: longer than nothing") }
    if let undo, undo.allSatisfy(\.isWhitespace) { throw ValidationError("--undo: is empty") }
  }

  /// `memory fresh` goes before: what is stale ends the step with 1, as a no.
  private func guardian() throws -> [String] {
    if fresh.isEmpty { return [] }
    let memory = try InstalledProgram.memory.find()
    let words = fresh.flatMap { $0.hasPrefix("m1.") && !$0.contains("/") ? [$0] : ["-f", $0] }
    return [memory, "memory", "fresh"] + words + ["--"]
  }

  static func fails(_ status: ExitStatus, _ why: String) { StepCall.fails(status, why) }

  func run() throws {
    var call = StepCall(name: name, command: command)
    call.guardian = try guardian()
    call.path = try spool.path()
    call.undo = undo
    call.timeout = timeout?.duration
    call.attempts = attempts
    call.mayFail = mayFail
    call.acceptsChange = acceptChange
    try call.run()
  }
}
