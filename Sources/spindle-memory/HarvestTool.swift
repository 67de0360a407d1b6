import ArgumentParser
import CommandLine
import Glibc
import Harvest
import Memory
import Roster
import Spool
import Work

/// `harvest`: what was said in the agents' sessions, into the memory.
struct HarvestTool: Tool {
  static let configuration = configured()

  @OptionGroup var spool: SpoolOptions
  @Option(
    help: ArgumentHelp(
      "Where sessions lie: claude, pi or codex, a colon, a directory or a file, and whose they are. Again for others.",
      discussion: "Default: where these programs keep them, and our agents.", valueName: "format:dir[@agent]"))
  var source: [String] = []
  @Flag(help: "For each file its lines: what they were, why others were skipped, which facts they gave.") var report =
    false
  @Flag(help: "How far each file has been read.") var positions = false
  @Flag(help: "Go on, and read what is written as it is written.") var watch = false
  @Flag(help: "Read all from the beginning; what files gave that are gone stays.") var rebuild = false
  @Option(
    help: ArgumentHelp(
      "Tell what the rules find in a file, and by which rule; nothing is recorded.", valueName: "format:file"))
  var explain: String?
  @Flag(help: "Print JSON, an object a line.") var json = false

  func validate() throws {
    if watch && (report || json) { throw ValidationError("--watch reports nothing: run harvest --report beside it") }
    if [positions, watch, rebuild, explain != nil].count(where: { $0 }) > 1 {
      throw ValidationError("give one of --positions, --watch, --rebuild, --explain")
    }
  }

  func run() throws {
    if let agent = inheritedEnvironment()["SPINDLE_AGENT"], !agent.isEmpty, !source.isEmpty {
      // Whoever names a file and an agent could put words into people's mouths.
      throw Failure(.notAllowed, "--source", "this is a call of agent \(agent.printable)", do: "leave --source out")
    }
    let opened = try spool.open(as: "harvest")
    if let explain { return try Explanation(opened, explain, json: json).print() }
    let sources = try sources(opened)
    if positions { return try HarvestReport(MemoryStore(opened), json: json).printPositions() }
    Signals.catchThem()
    let lock = try HarvestLock(opened)
    defer { _fixLifetime(lock) }
    var pass = try HarvestPass(opened, sources: sources, options: self)
    if watch { throw try Exit(pass.follow()) }
    let failure = try rebuild ? pass.rebuild() : pass.run()
    if report { try HarvestReport(MemoryStore(opened), json: json).print(of: sources) }
    if let failure { throw Exit(failure.status) }
  }

  private func sources(_ spool: SpoolDirectory) throws -> [Source] {
    if !source.isEmpty {
      return try source.map { text in try Source(parsing: text, in: Directory.currentPath) }
    }
    let environment = inheritedEnvironment()
    var own: [(String, String)] = []
    for name in try spool.directory("agents").names().sorted() where name.hasSuffix(".md") {
      // A file that is wrong is told of by whoever calls that agent.
      guard let agent = try? Agent(named: String(name.dropLast(3)), in: spool), let directory = agent.configDirectory
      else { continue }
      own.append((Agent.expanded(directory, environment), agent.name))
    }
    return Source.defaults(SourceEnvironment(environment, configDirectories: own))
  }
}

/// One harvest at a time: another one would read the same.
final class HarvestLock {
  private let file: File

  init(_ spool: SpoolDirectory) throws(Failure) {
    file = try spool.directory("memory").openOrCreate("harvest.lock")
    guard try file.tryLock() else {
      throw Failure(
        .tryAgain, file.path, "another harvest is at work",
        do: "it reads what you want read; see who: fuser -v \(file.path)")
    }
  }
}
