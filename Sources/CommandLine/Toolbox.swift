import CLinux
import Glibc
import Spool

/// An executable that is several tools, each by the name that it is called by (docs/decisions/0001-one-executable.md).
public enum Toolbox {
  public static func name(ofPath path: String) -> String { String(path.split(separator: "/").last ?? "spindle") }

  /// What it was called as, and with which words.
  ///
  /// As they are: a word that is no UTF-8 would be handed on as another one.
  /// - Parameter refused: told of such a word, before the process ends.
  public static func call(of executable: String, refused: (_ tool: String, _ why: String) -> Void = { _, _ in }) -> (
    tool: String, arguments: [String]
  ) {
    var arguments = (0..<clinux_argument_count()).map { place in
      guard let word = String(validatingCString: clinux_argument(place)) else {
        let tool = name(ofPath: String(cString: clinux_argument(0)))
        let why = "argument \(place) is not UTF-8: \(String(cString: clinux_argument(place)).printable)"
        complain("\(tool.printable): \(why): rename what it names, or put it into a file")
        refused(tool, why)
        Exit.now(.malformed)
      }
      return word
    }
    var called = name(ofPath: arguments.isEmpty ? executable : arguments.removeFirst())
    if called == executable, let first = arguments.first {
      called = first
      arguments.removeFirst()
    }
    return (called, arguments)
  }

  /// Runs the one that was called; or tells the build and the tests what there is.
  public static func run(_ tools: [any Tool.Type], of executable: String, as called: String, _ arguments: [String])
    -> Never
  {
    switch called {
    case "--manual":
      // For the build: man pages come from the same source as --help.
      for tool in tools where tool.manual.name == arguments.first { output(ManualPage(tool).text, terminator: "") }
    case "--examples":
      // For the tests: every example of a man page runs.
      for tool in tools where tool.manual.name == arguments.first {
        for (_, commands) in tool.manual.examples { output(commands + "\n%%") }
      }
    case "--list":
      for tool in tools { output(tool.manual.name) }
    default:
      guard let tool = tools.first(where: { $0.manual.name == called }) else {
        complain(
          "\(executable): \(called.printable): no such tool: one of \(tools.map { $0.manual.name }.joined(separator: ", "))"
        )
        Exit.now(.usage)
      }
      tool.start(arguments)
    }
    Exit.now(.done)
  }
}
