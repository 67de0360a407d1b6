import ArgumentParser
import CommandLine

/// `memory`: what the agents know, for every tool and every agent alike.
struct MemoryTool: Tool {
  static let configuration = configured(subcommands: [
    Put.self, Get.self, Search.self, History.self, Conflicts.self, Resolve.self, Context.self, Fresh.self, Export.self,
    Import.self, Forget.self, Settle.self,
  ])
}
