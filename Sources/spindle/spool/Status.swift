import ArgumentParser
import CommandLine
import Overview
import Spool
import Work

extension SpoolTool {
  struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "status", abstract: "How everything stands, on one screen: green, amber, red, and why.",
      discussion: """
        Red is what does not happen though it should, amber what a person should look at when he can. An open request before its
        deadline is green, and so is an agent without a bot. What an agent requires is looked for in this environment.
        Exit status: 0 green, 1 amber, 2 red.

        --json prints the document that the dashboard serves at /api/data: one object, with a version (docs/status.md).
        """.reflowed)

    @OptionGroup var spool: SpoolOptions
    @Flag(help: "One JSON object.") var json = false
    @Flag(name: .shortAndLong, help: "Draw it again whenever something happens, until Ctrl-C.") var watch = false
    @Flag(help: "Also what is empty or well.") var all = false

    func validate() throws {
      if watch && json { throw ValidationError("--watch draws; of --json there is one") }
    }

    func run() throws {
      let path = try spool.path()
      guard Kernel.mayAccess(path, 0) else {
        // Made here, all would be well in it.
        throw Failure(.unavailable, path, "there is no such spool", do: "is it spelt so? spool init makes one")
      }
      let opened = try spool.open(as: "spool")
      if watch { return try StatusWatch(spool: opened, all: all).run() }
      let document = try Overview.document(of: opened, environment: inheritedEnvironment())
      output(json ? try JSONLine.encode(document) : StatusScreen(document, .output, all: all).text)
      switch document.status {
      case .green: return
      case .amber: throw Exit(.no)
      case .red: throw Exit(.red)
      }
    }
  }
}
