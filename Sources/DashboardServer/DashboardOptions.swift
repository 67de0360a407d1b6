import Glibc
import Spool

/// `spindle-dashboard [--port P] [-C DIR] [--files DIR] [--link] [--quiet]`: started by a tool that has parsed its user's arguments.
struct DashboardOptions {
  var port: Int?
  var spool = ""
  var files = ""
  var isLink = false
  var isQuiet = false

  init(_ arguments: [String]) throws(Failure) {
    if let path = getenv("SPOOL_DIR") { spool = String(cString: path) }
    var rest = arguments[...]
    while let option = rest.popFirst() {
      switch option {
      case "--link": isLink = true
      case "--quiet": isQuiet = true
      case "--port":
        guard let value = rest.popFirst(), let number = Int(value), (0...65535).contains(number) else {
          throw Self.wrong(option)
        }
        port = number
      case "-C":
        guard let value = rest.popFirst() else { throw Self.wrong(option) }
        spool = value
      case "--files":
        guard let value = rest.popFirst() else { throw Self.wrong(option) }
        files = value
      default: throw Self.wrong(option)
      }
    }
    guard !spool.isEmpty else { throw Failure(.usage, "SPOOL_DIR", "is not set", do: "this is called by dashboard") }
  }

  private static func wrong(_ option: String) -> Failure {
    Failure(
      .usage, option, "is not understood",
      do: "spindle-dashboard [--port P] [-C DIR] [--files DIR] [--link] [--quiet]")
  }
}
