import ArgumentParser
import CommandLine
import Deliveries
import Glibc
import Roster
import Runs
import Spool
import Work

/// `pipeline-run`: makes a shell script a transaction.
struct PipelineRunTool: Tool {
  static let configuration = configured()

  @OptionGroup var spool: SpoolOptions
  @Option(help: "What the run is called. Default: the script's file name.") var name: String?
  @Option(help: "An idempotency key: the same one again is the same run.") var key: String?
  @Flag(help: "Refuse (75) while another run of this name is open.") var singleton = false
  @Option(help: "So many of its steps run at once.") var maxParallel: Int?
  @Option(help: "When the whole run is over, whatever it waits for: a span (4h) or a time (RFC 3339).") var timeout:
    Expiry?
  @Option(help: ArgumentHelp("A variable of our environment that the script gets too.", valueName: "variable")) var env:
    [String] = []
  @Option(help: ArgumentHelp("A file, or a directory's files, that its steps get as they are now.", valueName: "path"))
  var keep: [String] = []
  @Flag(help: "Go on with the run that SCRIPT names, or with all whose time has come.") var resume = false
  @Flag(help: "Undo what the run has done that SCRIPT, or --key, names; also one that is over.") var undo = false
  @Flag(help: "With --resume RUN: results count though their step's command was another one.") var acceptChange = false
  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("The script and its arguments; with --resume, a run.", valueName: "script"))
  var words: [String] = []

  /// `--` may stand before a script whose name begins with a dash.
  private var given: ArraySlice<String> { words.first == "--" ? words.dropFirst() : words[...] }
  private var script: String? { given.first }
  private var arguments: [String] { Array(given.dropFirst()) }
  /// Also behind the run: what follows a script is the script's own.
  private var acceptsChange: Bool { acceptChange || resume && arguments == ["--accept-change"] }

  func validate() throws {
    // What comes before the script is ours, and not parsed as such where all is passed through.
    if script == "--help" || script == "-h" { throw CleanExit.helpRequest(Self.self) }
    if script == "--version" { throw CleanExit.message(Self.configuration.version) }
    if let script, script.hasPrefix("-"), words.first != "--" { throw ValidationError("unknown option \(script)") }
    if resume {
      guard arguments.isEmpty || acceptsChange else { throw ValidationError("--resume: at most one run") }
      if acceptsChange && script == nil { throw ValidationError("--accept-change: name the run") }
      let others =
        name != nil || key != nil || singleton || maxParallel != nil || timeout != nil || !env.isEmpty || !keep.isEmpty
      if others { throw ValidationError("--resume: the run goes on with the options that it was begun with") }
      return
    }
    if undo {
      guard (script == nil) != (key == nil), arguments.isEmpty else {
        throw ValidationError("--undo: name one run, or give its --key")
      }
      return
    }
    guard script != nil else { throw ValidationError("the script is missing: pipeline-run SCRIPT") }
    if acceptChange { throw ValidationError("--accept-change: goes with --resume RUN") }
    if let maxParallel, !(1...1000).contains(maxParallel) {
      throw ValidationError("--max-parallel: a number from 1 to 1000")
    }
    if let timeout, timeout.time <= .now { throw ValidationError("--timeout: is over by now") }
  }

  func run() throws {
    // The script may go elsewhere.
    let place = try spool.path()
    let opened = try SpoolOptions.open(
      place.hasPrefix("/") ? place : "\(Directory.currentPath)/\(place)", as: "pipeline-run")
    let keeper = try RunKeeper(opened, forwarding: true)
    Signals.catchThem()
    if resume {
      guard let script else { return try resumeAll(keeper) }
      return try resume(keeper.find(script), keeper)
    }
    try keeper.queue.sweep()
    if undo { return try RunUndo(keeper: keeper).run(script, key: key) }
    let request = try request()
    let key = try key(for: request)
    if let key { try UndoLog.noteInnerRun(key: key, in: opened, inheritedEnvironment()) }
    let published = try keeper.publish(request, key: key, isSingle: singleton, keeping: keep)
    if isatty(STDERR_FILENO) == 1 && !spool.quiet || spool.verbose { complain("pipeline-run: \(published.id)") }
    try RunRound(keeper: keeper, id: published.id).run()
  }

  private func request() throws -> RunRequest {
    let given = script!
    let directory = Directory.currentPath
    guard directory.hasPrefix("/") else {
      throw Failure(
        .unavailable, "the working directory", "is gone: a later pass could not go on in it", do: "cd to another")
    }
    let path = given.hasPrefix("/") ? given : "\(directory)/\(given)"
    guard let text = try Self.text(of: path) else {
      throw Failure(.malformed, given, "is no file of at most \(Entry.sizeLimit >> 20) MiB", do: "give a script")
    }
    var environment: [String: String] = [:]
    let ours = inheritedEnvironment()
    for name in RunRequest.inherited + env { environment[name] = ours[name] }
    for name in env {
      guard ours[name] != nil else {
        throw Failure(.usage, "--env \(name)", "is not set", do: "set it, or leave the option out")
      }
      guard getenv(name).map({ String(validatingCString: $0) != nil }) == true else {
        throw Failure(.malformed, "--env \(name)", "is not UTF-8", do: "put it into a file, and name that")
      }
    }
    let mask = umask(0o077)
    umask(mask)
    var request = try RunRequest(
      name: name ?? Self.name(ofScript: given), script: path, text: text, arguments: arguments, directory: directory,
      umask: UInt32(mask), environment: environment)
    // An inner run cannot outlive what it is a part of. Who else has started it (a job, say) has a time of his own.
    let outer = ours["SPINDLE_STEP"] == nil ? nil : Deadline.inherited().map { Timestamp.now + $0.remaining }
    request.deadline = [timeout?.time, outer].compactMap { $0 }.min()
    request.maxParallel = maxParallel
    return request
  }

  /// Inside a step that step's, and for an entry of `spool work` that entry's: tried again, it is the same run.
  private func key(for request: RunRequest) throws(Failure) -> String? {
    if let key = try StepUse.key(key, tool: "pipeline-run", to: request.name) { return key }
    let ours = inheritedEnvironment()
    guard let queue = ours["SPOOL_QUEUE"], let id = ours["SPOOL_ID"] else { return nil }
    return "\(queue)/\(id)/\(request.name)"
  }

  private static func text(of path: String) throws(Failure) -> [UInt8]? {
    let file: File
    // A FIFO would keep us waiting.
    do { file = File(try Kernel.open(path, in: nil, O_RDONLY | O_NONBLOCK), path: path) } catch {
      throw Failure(.malformed, path, "cannot be opened: \(error)", do: "check the name")
    }
    guard try file.status().isRegular else { return nil }
    return try file.readAll(limit: Entry.sizeLimit)
  }

  private static func name(ofScript path: String) -> String {
    let file = path.split(separator: "/").last.map(String.init) ?? path
    let plain = file.hasSuffix(".sh") && file.count > 3 ? String(file.dropLast(3)) : file
    return String(plain.map { !$0.isASCII || $0.asciiValue! <= 32 || $0.asciiValue! == 127 ? "-" : $0 }.prefix(64))
  }

  private func resume(_ found: Found, _ keeper: RunKeeper) throws {
    let id = found.place.name.id
    if found.place.room == .hold { try keeper.carryOut(.release, for: found.place, by: "pipeline-run --resume") }
    try RunRound(keeper: keeper, id: id, acceptsChange: acceptsChange).run()
  }

  /// Each in a process of its own, which lives on when we end.
  private func resumeAll(_ keeper: RunKeeper) throws {
    // Also those that only wait for an orphan's end: there is no event of it, and somebody has to.
    var processes = try keeper.start(keeper.due() + keeper.orphaned())
    while !processes.isEmpty {
      var status: Int32 = 0
      let process = waitpid(-1, &status, WNOHANG)
      if process > 0 { processes.remove(process) } else if process < 0 && errno == ECHILD { return }
      if let number = Signals.pending() { throw Exit(.signal(number)) }
      if process <= 0 { Signals.wait(atMost: .milliseconds(20)) }
    }
  }
}
