import DashboardAPI
import Deliveries
import Glibc
import Overview
import Roster
import Spool
import Work

/// The dashboard's server. The tool of this name has parsed the arguments, and started us in its place.
public struct DashboardCommand {
  private let options: DashboardOptions

  /// Where it listens, where nobody says otherwise.
  static let port: UInt16 = 18790

  public init(_ arguments: [String]) throws(Failure) { options = try DashboardOptions(arguments) }

  /// Until a signal ends it.
  public func run() throws(Failure) -> ExitStatus {
    let spool = try SpoolDirectory(path: options.spool, tool: "dashboard") {
      ChannelService.complain("dashboard: \($0)")
    }
    let settings = try Settings(spool)
    let port = options.port ?? Int(settings.dashboardPort ?? Self.port)
    if options.isLink {
      let token = try DashboardToken.open(in: spool)
      let open = try Presence.port(in: spool)
      // Who listens on the port instead would be told the token.
      if open == nil {
        spool.notice(
          "none is open for this spool: start dashboard first, then open the link; until then whoever listens on port "
            + "\(port) would be told the token")
      }
      print(Self.link(open ?? port, token))
      return .done
    }
    Signals.catchThem()
    let presence = try Presence(spool)
    let token = try DashboardToken.open(in: spool)
    let pages = try PageFiles(in: options.files)
    let mailbox = try Mailbox<ConnectionEvent>()
    let house = House(mailbox, pages: pages)
    let bound = try house.listen(on: port)
    try presence.say(port: bound)
    let steward = try Steward(spool, mailbox, connections: house, port: bound) { () throws(Failure) in
      try Self.document(of: spool)
    }
    if !options.isQuiet { announce(bound, token, spool) }
    let number = try withExtendedLifetime(presence) { () throws(Failure) in try steward.run() }
    house.close()
    return .signal(number)
  }

  private static func link(_ port: Int, _ token: DashboardToken) -> String {
    // Behind the #, where it reaches no server, no log and no Referer.
    "http://127.0.0.1:\(port)/#token=\(token.text)"
  }

  /// A token is for a terminal; what is written elsewhere may be kept.
  private func announce(_ port: Int, _ token: DashboardToken, _ spool: SpoolDirectory) {
    if isatty(STDOUT_FILENO) == 1 {
      print(Self.link(port, token))
    } else {
      print("http://127.0.0.1:\(port)/ (dashboard --link logs in; the token: \(DashboardToken.path(in: spool)))")
    }
    fflush(nil)
  }

  /// How the spool stands, as `spool status --json` prints it.
  private static func document(of spool: SpoolDirectory) throws(Failure) -> [UInt8] {
    let document = try Overview.document(of: spool, environment: inheritedEnvironment())
    do { return Array(try JSONLine.encode(document).utf8) } catch {
      throw Failure(.software, "the document", "cannot be written: \(error)")
    }
  }
}
