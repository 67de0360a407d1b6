import ArgumentParser
import CommandLine
import Gateway
import Roster
import Spool
import Work

extension GatewayTool {
  /// Without a verb.
  struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "serve", abstract: "Make calls until a signal comes; this is what gateway does without a verb.")

    @OptionGroup var spool: SpoolOptions
    @Option(help: "Calls at once, of all agents together. Default: Gateway-Slots in the config, else 8.") var slots:
      Int?
    @Option(help: "Open the WebSocket door here, on 127.0.0.1. Default: Gateway-Port in the config, else none.")
    var port: UInt16?
    @Option(help: "How long a call may go on after SIGTERM.") var drain = Span(argument: "60s")!

    func validate() throws {
      if let slots, !(1...1000).contains(slots) { throw ValidationError("--slots: 1 to 1000") }
      if port == 0 { throw ValidationError("--port: 1 to 65535") }
    }

    func run() throws {
      let opened = try spool.open(as: "gateway")
      let own = try Installation.executable()
      let environment = inheritedEnvironment()
      let commands = GatewayCommands(
        worker: Command(
          path: own, arguments: ["gateway", "worker", "-C", opened.path], environment: environment)
      ) { port throws(Failure) in
        Command(
          path: try InstalledProgram.door.find(),
          arguments: ["spindle-door", "-C", opened.path, "--port", String(port)],
          environment: environment)
      } onWords: {
        complain(bytes: $0)
      }
      let say: (String) -> Void = { complain("[gateway] \($0.printable)") }
      let gateway = try Gateway(opened, commands: commands, say: say) { () throws(Failure) in
        let settings = try Settings(opened)
        return GatewaySettings(
          slots: slots ?? settings.gatewaySlots, port: port ?? settings.gatewayPort, drain: drain.duration)
      }
      throw Exit(.signal(try gateway.run()))
    }
  }

  /// A slot of a gateway.
  struct CallWorkerVerb: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "worker", shouldDisplay: false)

    @OptionGroup var spool: SpoolOptions

    func run() throws {
      let opened = try spool.open(as: "claude-call")
      let memory = try? InstalledProgram.memory.find()
      if let number = try CallWorker(opened, environment: inheritedEnvironment(), memory: memory).run() {
        throw Exit(.signal(number))
      }
    }
  }
}
