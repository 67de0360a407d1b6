import ArgumentParser
import CommandLine
import Memory
import Spool
import Work

extension MemoryTool {
  struct Conflicts: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "conflicts", abstract: "List versions whose authors had not seen the one that counted.",
      discussion:
        "Those that wait for a decision (policy ask); with --all also those that a policy or a person has decided.")

    @OptionGroup var options: MemoryOptions
    @Flag(help: "Also those that are decided.") var all = false

    func run() throws {
      let (store, _, party) = try options.open()
      let conflicts = try store.conflicts(settled: all, by: party)
      if options.json {
        for conflict in conflicts { output(try JSONLine.encode(conflict)) }
        return
      }
      for conflict in conflicts {
        let outcome = conflict.outcome.map { "version \($0) counts, by \(conflict.settledBy ?? "-")" } ?? "open"
        output("\(conflict.key.printable) (\(conflict.scope), policy \(conflict.policy), \(conflict.at)): \(outcome)")
        output("  counted: version \(MemoryWriter.line(conflict.against))")
        output("  written: version \(MemoryWriter.line(conflict.version))")
      }
    }
  }

  struct Resolve: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "resolve",
      abstract: "Decide a key's conflicts: by one of its versions, or by a value on standard input.",
      discussion: "Makes a version of its own, whose author is whoever decides, and prints its number.")

    @OptionGroup var options: MemoryOptions
    @OptionGroup var place: ScopeOption
    @Option(help: ArgumentHelp("The version that is to count.", valueName: "n")) var take: Int?
    @Argument(help: "The key.") var key: String

    func run() throws {
      let (store, spool, party) = try options.open()
      let key = try place.key(key)
      let resolution: MemoryStore.Resolution =
        try take.map { .version($0) }
        ?? .value(Put.value(of: key))
      guard let version = try store.resolve(key, with: resolution, by: party, secrets: RuleFiles.secrets(spool)) else {
        complain(
          "memory: \(key.key.printable): there is no such key in \(key.scope)\(take.map { ", or no version \($0)" } ?? ""): see memory history"
        )
        throw Exit(.no)
      }
      if options.json {
        output(try JSONLine.encode(Written(key: key.key, scope: key.scope, version: version)))
      } else if !options.spool.quiet {
        output("\(version)")
      }
    }
  }

  struct Settle: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "settle",
      abstract: "Ask a person about an open conflict, and wait for his word; from put and spool tick.",
      shouldDisplay: false)

    @OptionGroup var options: MemoryOptions
    @Argument var conflict: Int64?

    func run() throws {
      let (store, spool, _) = try options.open()
      let desk = try ConflictDesk(spool)
      guard let conflict else { return try desk.tend(store, Self.command(in: spool)) }
      Signals.catchThem()
      guard let program = try Installation.find("bin/wait-approval", inSource: "Sources/none") else {
        throw Failure(.unavailable, "bin/wait-approval", "is not installed", do: "bin/install installs it")
      }
      let status = try desk.settle(conflict, store, program: program)
      if let status, ![.done, .no, .timedOut].contains(status) { throw Exit(status) }
    }

    /// The process that asks about a conflict.
    static func command(in spool: SpoolDirectory) throws(Failure) -> (Int64) -> Command {
      let own = try Installation.executable()
      var environment = inheritedEnvironment()
      // It speaks for the person.
      environment["SPINDLE_AGENT"] = nil
      return { number in
        Command(path: own, arguments: ["memory", "settle", "-C", spool.path, "\(number)"], environment: environment)
      }
    }
  }
}
