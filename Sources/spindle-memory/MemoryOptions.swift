import ArgumentParser
import CommandLine
import Memory
import Roster
import Spool
import Work

/// What every verb of `memory` takes.
struct MemoryOptions: ParsableArguments {
  @OptionGroup var spool: SpoolOptions
  @Option(
    help: ArgumentHelp(
      "Who reads or writes: an agent, within the scopes of its file.",
      discussion: "Default: $SPINDLE_AGENT, else the person.",
      valueName: "name"))
  var agent: String?
  @Flag(help: "Print JSON, an object a line.") var json = false
  @Option(help: "How long to wait for others who write.") var timeout: Span = Span(argument: "60s")!

  func open() throws -> (store: MemoryStore, spool: SpoolDirectory, party: Party) {
    let opened = try spool.open(as: "memory")
    let party = try party(in: opened)
    return (try MemoryStore(opened, patience: timeout.duration), opened, party)
  }

  private func party(in spool: SpoolDirectory) throws -> Party {
    let calling = inheritedEnvironment()["SPINDLE_AGENT"].flatMap { $0.isEmpty ? nil : $0 }
    if let agent, let calling, agent != calling {
      throw Failure(
        .notAllowed, "--agent \(agent)", "this is a call of agent \(calling)",
        do: "leave --agent out: who asks is known")
    }
    guard let name = agent ?? calling else { return .person }
    return Party(try Agent(named: name, in: spool))
  }

  static func party(_ name: String, in spool: SpoolDirectory) throws(Failure) -> Party {
    name == Party.person.name ? .person : Party(try Agent(named: name, in: spool))
  }
}

/// What the verbs take that are about one key.
struct ScopeOption: ParsableArguments {
  @Option(help: ArgumentHelp("Whose memory: shared, or agent:NAME.", valueName: "scope")) var scope = "shared"

  func key(_ key: String) throws -> ItemKey { try ItemKey(key, scope: scope) }
}
