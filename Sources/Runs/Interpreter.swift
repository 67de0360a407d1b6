import Glibc

/// How a script is run: by its `#!` line, from the copy that was kept of it, and as if it lay where it did.
struct Interpreter {
  var path: String
  var arguments: [String]
  /// What the copy has to say.
  var text: [UInt8]

  init(of request: RunRequest, copy: String) {
    let first = request.text.prefix(256).prefix { $0 != 10 }
    var words = ["/bin/sh"]
    text = request.text
    if first.starts(with: "#!".utf8) {
      let line = String(decoding: first.dropFirst(2), as: UTF8.self)
      let found = line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\r" }).map(String.init)
      if !found.isEmpty { words = found }
      // The end of its options: ours follow.
      while words.count > 1, ["-", "--"].contains(words.last) { words.removeLast() }
    }
    path = words[0]
    let name = Self.name(words)
    // A shell reads the copy, and is told the script's own name: $0, and what dirname "$0" finds, stay what they were.
    if name == "bash" {
      // Evaluated, it is no sourced file (`return` outside of a function is an error, as in a script), and its lines have their numbers.
      let prelude = "\(Self.ended); \(Self.called("pipeline-step")); eval \"$(<\"$SPINDLE_SCRIPT\")\""
      arguments = words + ["-c", prelude, request.script] + request.arguments
      text = Self.namingItself(request.text)
    } else if Self.shells.contains(name) {
      let lines = Self.prelude + [". \"$SPINDLE_SCRIPT\""]
      arguments = words + ["-c", lines.joined(separator: "\n"), request.script] + request.arguments
    } else {
      arguments = words + [copy] + request.arguments
    }
  }

  /// Without `set -e` a shell goes past a step that was killed. One that could not even say that it had begun is told of by its shell.
  private static let ended =
    #"_spindle_ended() { [ "$1" -le 128 ] || "$SPINDLE_STEP_TOOL" --ended "$@"; return "$1"; }"#

  private static func called(_ name: String) -> String {
    name + #"() { "$SPINDLE_STEP_TOOL" "$@" || _spindle_ended $? "$@"; }"#
  }

  /// Where a function cannot be called `pipeline-step`, an alias leads to it.
  private static let prelude = [ended, called("_spindle_step"), "alias pipeline-step=_spindle_step"]

  /// What is evaluated has no BASH_SOURCE; in a script it is $0.
  private static func namingItself(_ text: [UInt8]) -> [UInt8] {
    guard let words = String(validating: text, as: UTF8.self), words.contains("BASH_SOURCE") else { return text }
    return Array(words.replacing(/\$(\{?)BASH_SOURCE(\[0\])?(?![A-Za-z0-9_\[])/) { "$" + $0.1 + "0" }.utf8)
  }

  private static let shells: Set<String> = ["sh", "dash", "ash", "ksh", "mksh"]

  /// Of what runs in the end: behind env, and its options and variables.
  private static func name(_ words: [String]) -> String {
    func last(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }
    let first = last(words[0])
    guard first == "env" else { return first }
    return words.dropFirst().first { !$0.hasPrefix("-") && !$0.contains("=") }.map(last) ?? first
  }
}
