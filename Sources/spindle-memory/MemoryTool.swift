import ArgumentParser
import CommandLine
import Memory
import Spool

/// `memory`: what the agents know, for every tool and every agent alike.
struct MemoryTool: Tool {
  static let configuration = configured(subcommands: [Export.self])
  static let manual = Manual(name: "memory", summary: "what the agents know", description: "x")
}

extension MemoryTool {
  struct Export: ParsableCommand {
    @OptionGroup var spool: SpoolOptions
    func run() throws {
      let store = try MemoryStore(spool.open(as: "memory"))
      try store.export { output(try JSONLine.encode($0)) } version: { output(try JSONLine.encode($0)) }
    }
  }
}
extension HarvestTool {
  static let manual = Manual(name: "harvest", summary: "x", description: "x")
}
extension HarvestPass { mutating func follow() throws -> ExitStatus { .done } }
