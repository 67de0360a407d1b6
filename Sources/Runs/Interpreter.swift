import Glibc

/// How a script is run: by its `#!` line, from the copy that was kept of it, and as if it lay where it did.
struct Interpreter {
  var path: String
  var arguments: [String]

  /// - Parameter words: of the script's own call.
  init(of request: RunRequest, copy: String) {
    let first = request.text.prefix(256).prefix { $0 != 10 }
    var words = ["/bin/sh"]
    if first.starts(with: "#!".utf8) {
      let line = String(decoding: first.dropFirst(2), as: UTF8.self)
      let found = line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\r" }).map(String.init)
      if !found.isEmpty { words = found }
    }
    path = words[0]
    let name = Self.name(words)
    // A shell reads the copy, and is told the script's own name: $0, and what dirname "$0" finds, stay what they were.
    if Self.shells.contains(name) {
      let aliases = name == "bash" ? "shopt -s expand_aliases\n" : ""
      arguments = words + ["-c", aliases + Self.prelude, request.script] + request.arguments
    } else {
      arguments = words + [copy] + request.arguments
    }
  }

  /// Without `set -e` a shell goes past a step that was killed. One that could not even say that it had begun is told of by its shell.
  private static let prelude = """
    _spindle_step() { "$SPINDLE_STEP_TOOL" "$@" || _spindle_ended $? "$@"; }
    _spindle_ended() { [ "$1" -le 128 ] || "$SPINDLE_STEP_TOOL" --ended "$@"; return "$1"; }
    alias pipeline-step=_spindle_step
    . "$SPINDLE_SCRIPT"
    """

  private static let shells: Set<String> = ["sh", "dash", "bash", "ash", "ksh", "mksh"]

  /// Of what runs in the end: behind env, and its options and variables.
  private static func name(_ words: [String]) -> String {
    func last(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }
    let first = last(words[0])
    guard first == "env" else { return first }
    return words.dropFirst().first { !$0.hasPrefix("-") && !$0.contains("=") }.map(last) ?? first
  }
}
