import ArgumentParser
import CommandLine
import Spool
import Work

/// `dashboard`: the spool in a browser. It goes on as the program that has the sockets (docs/decisions/0014-the-dashboard.md).
struct DashboardTool: Tool {
  static let configuration = configured()

  @OptionGroup var spool: SpoolOptions
  @Option(help: "Listen here, on 127.0.0.1; 0: on any. Default: Dashboard-Port in the config, else 18790.")
  var port: UInt16?
  @Flag(help: "Print a link that logs in, and end.") var link = false

  func run() throws {
    let opened = try spool.open(as: "dashboard")
    let program = try InstalledProgram.dashboard.find()
    guard let files = try Installation.find("share/spindle/dashboard", inSource: "Sources/dashboard") else {
      throw Failure(.unavailable, "share/spindle/dashboard", "is not installed", do: "bin/install installs it")
    }
    var arguments = ["spindle-dashboard", "-C", opened.path, "--files", files]
    if let port { arguments += ["--port", String(port)] }
    if link { arguments.append("--link") }
    if spool.quiet { arguments.append("--quiet") }
    throw Command(path: program, arguments: arguments, environment: inheritedEnvironment()).replaceUs()
  }

  static let manual = Manual(
    name: "dashboard", summary: "the spool in a browser: what is well, what waits, and what is to be approved",
    description: """
      Serves one page on 127.0.0.1, which shows what spool status shows, follows the journal, and shows requests for approval whole, \
      to be answered there. An answer is a reply file, as that of approve; nothing else is written. What can be had there is had by \
      programs as well (docs/dashboard.md): the document of spool status --json at /api/data, the journal as server-sent events at \
      /api/events.

      The first start makes a token, and a terminal is told a link with it, which logs a browser in for thirty days; --link prints \
      it again. Who has the token may see all of the spool and answer as its owner: it is in no argument, log or journal. Another \
      token, or none, in its file ends all logins at once: rm the file, and dashboard --link makes a new one.

      From another machine by a tunnel to the same port: ssh -L 18790:127.0.0.1:18790 HOST.

      SIGTERM ends it at once. It keeps nothing: killed at any moment, the next one goes on, and who was logged in still is.
      """,
    exits: [
      (.tryAgain, "A dashboard is open for this spool already."),
      (.unavailable, "Somebody else listens on the port, or it is not installed; or the spool was removed."),
      (.notAllowed, "Others may read the token's file."),
      (.configuration, "What lies there is no token."),
      (.signal(15), "Stopped by SIGTERM."),
    ],
    files: [
      ("$SPOOL_DIR/secrets/dashboard.token", "The token, mode 0600."),
      ("$SPOOL_DIR/secrets/.dashboard.lock", "Held while one is open; where it listens."),
      ("$SPOOL_DIR/replies/", "Answers to requests."),
      ("$SPOOL_DIR/heartbeats/dashboard", "Its sign of life."),
      ("$SPOOL_DIR/config", "Dashboard-Port."),
    ],
    examples: [
      (
        "A link to open:",
        "dashboard --link | sed 's/=.*/=.../'"
      )
    ],
    seeAlso: ["spool", "wait-approval", "gateway"])
}
