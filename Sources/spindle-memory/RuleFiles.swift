import CommandLine
import Facts
import Secrets
import Spool

/// The rules that are installed, and after them the user's own: `$SPOOL_DIR/memory/rules/*.rules`, `*.secrets`.
enum RuleFiles {
  static func facts(_ spool: SpoolDirectory) throws(Failure) -> RuleSet {
    try RuleSet([installed("facts.rules")] + own(".rules", spool))
  }

  static func secrets(_ spool: SpoolDirectory) throws(Failure) -> SecretRules {
    try SecretRules([installed("secrets.rules")] + own(".secrets", spool))
  }

  private static func installed(_ name: String) throws(Failure) -> (path: String, text: String) {
    let place = "share/spindle/rules/\(name)"
    guard let path = try Installation.find(place, inSource: "Sources/rules/\(name)"),
      let slash = path.lastIndex(of: "/")
    else { throw Failure(.unavailable, place, "is not installed", do: "bin/install installs it") }
    return try text(name, in: Directory.following(path: String(path[..<slash])))
  }

  private static func own(_ ending: String, _ spool: SpoolDirectory) throws(Failure) -> [(path: String, text: String)] {
    // Who only wants an explanation leaves no directory behind.
    guard try spool.root.status("memory")?.isDirectory == true else { return [] }
    let memory = try Directory("memory", in: spool.root)
    guard try memory.status("rules")?.isDirectory == true else { return [] }
    let rules = try Directory("rules", in: memory)
    var files: [(String, String)] = []
    for name in try rules.names().sorted() where name.hasSuffix(ending) { files.append(try text(name, in: rules)) }
    return files
  }

  private static func text(_ name: String, in directory: Directory) throws(Failure) -> (path: String, text: String) {
    let path = directory.path(of: name)
    guard let file = try directory.open(name), let bytes = try file.readAll(limit: 1 << 20) else {
      throw Failure(.configuration, path, "is longer than 1 MiB, or is gone")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure(.configuration, path, "is not UTF-8", do: "save it as UTF-8")
    }
    return (path, text)
  }
}
