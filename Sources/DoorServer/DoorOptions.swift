import Door
import Glibc
import Spool

/// `spindle-door [--port P] [-C DIR] [--tick SPAN]`: started by a tool that has parsed its user's arguments.
struct DoorOptions {
  /// The field's.
  var port = 18789
  var spool = ""
  var policy = Policy()

  init(_ arguments: [String]) throws(Failure) {
    if let path = getenv("SPOOL_DIR") { spool = String(cString: path) }
    var rest = arguments[...]
    while let option = rest.popFirst() {
      guard let value = rest.popFirst() else { throw Self.wrong(option) }
      switch option {
      case "--port":
        guard let number = Int(value), (0...65535).contains(number) else { throw Self.wrong("\(option) \(value)") }
        port = number
      case "-C": spool = value
      case "--tick":
        guard let span = Duration(value), span > .zero else { throw Self.wrong("\(option) \(value)") }
        policy.tick = span
      default: throw Self.wrong(option)
      }
    }
    guard !spool.isEmpty else {
      throw Failure(.usage, "SPOOL_DIR", "is not set", do: "this is called by gateway --port")
    }
  }

  private static func wrong(_ option: String) -> Failure {
    Failure(.usage, option, "is not understood", do: "spindle-door [--port P] [-C DIR] [--tick SPAN]")
  }
}

/// One line on stderr.
func complain(_ line: String) {
  let bytes = Array((line.printable + "\n").utf8)
  _ = write(STDERR_FILENO, bytes, bytes.count)
}
