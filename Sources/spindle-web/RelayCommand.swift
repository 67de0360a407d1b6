import Deliveries
import Spool
import Telegram

/// `telegram-relay [--once] [--agent NAME]`: polls the bots of a spool.
struct RelayCommand {
  private var isOnce = false
  private var agent: String?

  init(_ arguments: [String]) throws(Failure) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--once": isOnce = true
      case "--agent":
        guard let name = rest.popFirst() else {
          throw Failure(.usage, "--agent", "has no name", do: "name an agent whose bot is to be polled")
        }
        agent = name
      default: throw Failure(.usage, argument, "is no option", do: "telegram-relay [--once] [--agent NAME]")
      }
    }
  }

  /// - Returns: 0 where it was to look once, else that of the signal which has ended it.
  func run(_ environment: [String: String]) throws(Failure) -> ExitStatus {
    let spool = try SpoolDirectory(path: try path(environment), tool: "telegram-relay") { ChannelService.complain($0) }
    let bots = try RelayBot.all(in: spool, environment: environment, only: agent) { ChannelService.complain($0) }
    let intake = PrintedIntake(obstacle: environment["RELAY_OBSTACLE"])
    let agents = try spool.directory("agents")
    let watch = isOnce ? nil : Watch([agents]) { ChannelService.complain("telegram-relay: \($0)") }
    let relay = Relay(
      bots, in: spool, watch: watch, notice: ChannelService.complain, intake: intake.take, tend: intake.tend)
    let signal = isOnce ? try relay.runOnce() : try relay.run()
    return signal.map { .signal($0) } ?? .done
  }

  private func path(_ environment: [String: String]) throws(Failure) -> String {
    if let path = environment["SPOOL_DIR"], !path.isEmpty { return path }
    guard let home = environment["HOME"], !home.isEmpty else {
      throw Failure(.configuration, "SPOOL_DIR", "neither SPOOL_DIR nor HOME is set", do: "set SPOOL_DIR")
    }
    return home + "/spool"
  }
}
