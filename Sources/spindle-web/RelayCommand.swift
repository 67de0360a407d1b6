import Approvals
import Deliveries
import Spool
import Telegram

/// `telegram-relay`: polls the bots of a spool. The tool of this name has parsed the arguments, and started us in its place.
struct RelayCommand {
  private var isOnce = false
  private var isCompanion = false
  private var agent: String?

  init(_ arguments: [String]) throws(Failure) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--once": isOnce = true
      // For wait-approval: until it has its answer.
      case "--companion": isCompanion = true
      case "--agent": agent = rest.popFirst()
      default: throw Failure(.usage, argument, "is no option", do: "telegram-relay [--once] [--agent NAME]")
      }
    }
  }

  /// - Returns: 0 where it was to look once, else that of the signal which has ended it.
  func run(_ spool: SpoolDirectory, _ environment: [String: String]) throws(Failure) -> ExitStatus {
    let bots = try RelayBot.all(in: spool, environment: environment, only: agent) { ChannelService.complain($0) }
    let courier = Courier(
      spool: spool, installedChannels: Self.channels, executable: environment["SPINDLE"])
    let desk = try Desk(courier)
    let intake = RelayIntake(desk, notice: ChannelService.complain)
    let courtesies = Courtesies(desk)
    let watch = isOnce ? nil : Watch([try desk.deliveries[.new]]) { ChannelService.complain("telegram-relay: \($0)") }
    let relay = Relay(
      bots, in: spool, watch: watch, notice: ChannelService.complain, intake: intake.take
    ) { () throws(Failure) in try courtesies.tend(isOurs: false) ? .seconds(1) : .seconds(60) }
    relay.isCompanion = isCompanion
    let signal = isOnce ? try relay.runOnce() : try relay.run()
    return signal.map { .signal($0) } ?? .done
  }

  /// They lie beside us.
  private static var channels: String? {
    guard let own = try? Kernel.readLink("/proc/self/exe", in: nil), let slash = own.lastIndex(of: "/") else {
      return nil
    }
    return own[..<slash] + "/channels"
  }
}
