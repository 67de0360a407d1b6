import Door
import Glibc
import Spool
import Work

/// The gateway's door: a WebSocket on the loopback, for programs that call agents with a token (docs/gateway-protocol.md).
/// `gateway --port` starts it, and again when it has ended. What a client was told to be accepted lies in the spool: this may be killed
/// at any time.
public struct DoorCommand {
  private let options: DoorOptions

  public init(_ arguments: [String]) throws(Failure) { options = try DoorOptions(arguments) }

  /// Until a signal ends it.
  /// - Returns: 0 where that was SIGTERM: its gateway has had enough.
  public func run() throws(Failure) -> ExitStatus {
    Signals.catchThem()
    let spool = try SpoolDirectory(path: options.spool, tool: "door") { complain("spindle-door: \($0)") }
    let mailbox = try Mailbox<LineEvent>()
    let hall = Hall(mailbox)
    let port = try hall.listen(on: options.port)
    let clerk = try Clerk(spool, mailbox, lines: hall, port: port, policy: options.policy) {
      complain("spindle-door: \($0)")
    }
    complain("[gateway] listening on ws://127.0.0.1:\(port)")
    let number = try clerk.run()
    return number == SIGTERM ? .done : .signal(number)
  }
}
