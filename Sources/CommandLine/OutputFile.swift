import Spool

/// A file that an option names and we write.
public enum OutputFile {
  /// Writes it whole: a reader sees the old one or the new one.
  public static func replace(_ path: String, with bytes: [UInt8]) throws(Failure) {
    let slash = path.lastIndex(of: "/")
    let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    guard !name.isEmpty, name != ".", name != ".." else {
      throw Failure(.usage, path, "is no file's name", do: "name a file")
    }
    let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    try Directory.following(path: parent).replace(name, with: bytes)
  }

  /// Removes it, and shows before anything is paid for that it can be written.
  public static func clear(_ path: String) throws(Failure) {
    try replace(path, with: [])
    let slash = path.lastIndex(of: "/")
    let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    try Directory.following(path: parent).unlink(slash.map { String(path[path.index(after: $0)...]) } ?? path)
  }
}
