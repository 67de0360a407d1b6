import Glibc
import Spool

/// What a new spool holds: the skeleton that is installed beside the tools, and the queues that they use.
enum Skeleton {
  /// Fills a spool that is new (it has no `journal/` yet). Nothing that is there is ever changed.
  static func fill(_ spool: SpoolDirectory) throws {
    if try spool.root.contains("journal") { return }
    try spool.syncName()
    for name in ["agents", "channels", "heartbeats", "people", "secrets"] { _ = try spool.directory(name) }
    if let source = try Installation.find("share/spindle/spool", inSource: "spool") {
      try copy(try Directory.following(path: source), to: spool.root, top: true)
    }
    try addOwner(to: spool.directory("people"))
    for queue in ["approvals", "deliveries", "jobs", "replies"] { _ = try spool.queue(queue, making: true) }
    // Last: its absence is what says that the rest may be missing.
    _ = try spool.directory("journal")
  }

  private static func copy(_ source: Directory, to target: Directory, top: Bool = false) throws {
    for name in try source.names().sorted() {
      guard let status = try source.status(name) else { continue }
      if status.isDirectory {
        // Those that hold only a word on themselves come when they are made.
        if try Directory(name, in: source).names() == [SpoolDirectory.readme] { continue }
        let inner = try Directory(name, in: source)
        try copy(inner, to: Directory.making(name, in: target))
      } else if status.isRegular, top || name != SpoolDirectory.readme, try !target.contains(name),
        let file = try source.open(name),
        let bytes = try file.readAll(limit: 1 << 20)
      {
        try target.replace(name, with: bytes)
      }
    }
  }

  /// `people/me`, with the one address that needs no setting up.
  private static func addOwner(to people: Directory) throws {
    if try people.contains("me") { return }
    guard let home = getenv("HOME"), home.pointee != 0 else { return }
    try people.replace("me", with: Array("File: \(String(cString: home))/inbox\n".utf8))
  }
}

/// What was installed beside the executable, under any prefix; or the source tree that it was built in.
public enum Installation {
  /// Where the executable lies: `PREFIX/bin/spindle`.
  public static func executable() throws(Failure) -> String {
    do { return try Kernel.readLink("/proc/self/exe", in: nil) } catch {
      throw Failure(error, "/proc/self/exe", "read the link")
    }
  }

  /// A path under the prefix, or, where the executable was not installed, in its source tree.
  public static func find(_ path: String, inSource sourcePath: String) throws(Failure) -> String? {
    let executable = try executable()
    var directory = executable[..<(executable.lastIndex(of: "/") ?? executable.startIndex)]
    // PREFIX/bin, or PREFIX/libexec/spindle.
    if directory.hasSuffix("/libexec/spindle") { directory = directory.dropLast("/spindle".count) }
    guard let slash = directory.lastIndex(of: "/") else { return nil }
    let installed = directory[..<slash] + "/" + path
    if Kernel.mayAccess(String(installed), F_OK) { return String(installed) }
    while let slash = directory.lastIndex(of: "/") {
      directory = directory[..<slash]
      if Kernel.mayAccess(directory + "/Package.swift", F_OK), Kernel.mayAccess(directory + "/" + sourcePath, F_OK) {
        return directory + "/" + sourcePath
      }
    }
    return nil
  }
}
