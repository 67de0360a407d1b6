// The gateway's door: a WebSocket on the loopback, for programs that call agents with a token (docs/gateway-protocol.md). An executable
// of its own, for swift-nio; `gateway --port` starts it, and again when it has ended. What a client was told to be accepted lies in the
// spool: this may be killed at any time.

import Door
import Glibc
import Spool
import Work

do throws(Failure) {
  let options = try DoorOptions(Array(CommandLine.arguments.dropFirst()))
  // A client that is gone is noticed at the write.
  signal(SIGPIPE, SIG_IGN)
  Signals.catchThem()
  let spool = try SpoolDirectory(path: options.spool, tool: "door") { complain("spindle-door: \($0)") }
  let mailbox = try Mailbox<LineEvent>()
  let door = Hall(mailbox)
  let port = try door.listen(on: options.port)
  let clerk = try Clerk(spool, mailbox, lines: door, port: port, policy: options.policy) {
    complain("spindle-door: \($0)")
  }
  complain("[gateway] listening on ws://127.0.0.1:\(port)")
  let number = try clerk.run()
  exit(number == SIGTERM ? 0 : ExitStatus.signal(number).rawValue)
} catch {
  complain("spindle-door: \(error)")
  exit(error.status.rawValue)
}
