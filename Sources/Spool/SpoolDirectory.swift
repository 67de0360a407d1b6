import Glibc
import SystemPackage

/// `$SPOOL_DIR`: the directory under which everything lies. State is where a file lies, change is
/// `rename(2)`, and nothing else is truth.
public final class SpoolDirectory {
  public let root: Directory
  /// The tool's name, for messages, the journal and `From:`.
  public let tool: String
  /// Where a line for the person goes that is no result and no failure.
  public var notice: (String) -> Void
  /// Told of each top-level directory that is made, a queue with its rooms, under its name.
  public var onMade: (String, Directory) -> Void = { _, _ in }
  public private(set) lazy var journal = Journal(spool: self)
  /// Queues that somebody uses: they keep us alive, not we them.
  private var queues: [String: WeakQueue] = [:]
  private struct WeakQueue { weak var queue: Queue? }

  public var path: String { root.path }

  /// Opens a spool, or makes it where it is missing.
  /// - Throws: `.notAllowed` where it belongs, or would belong, to somebody else.
  public init(path: String, tool: String, notice: @escaping (String) -> Void) throws(Failure) {
    self.tool = tool
    self.notice = notice
    var path = path
    while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
    let slash = path.lastIndex(of: "/")
    let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    guard !name.isEmpty, name != ".", name != ".." else {
      throw Failure(.usage, path, "is no place for a spool", do: "name a directory, such as ~/spool")
    }
    let above = try Directory.following(path: parent)
    if try above.status(name) == nil { try Self.refuseForeign(above, whoOwns: path) }
    root = try Directory.making(name, in: above)
    let status = try root.file.status()
    if status.owner != geteuid() {
      throw Failure(
        .notAllowed, path, "belongs to user \(status.owner), and you are user \(geteuid())",
        do: "run this as its owner (without sudo?), or set SPOOL_DIR")
    }
  }

  /// A `sudo` by mistake would make a spool that its user cannot open.
  private static func refuseForeign(_ parent: Directory, whoOwns path: String) throws(Failure) {
    let status = try parent.file.status()
    let isShared = status.mode & S_ISVTX != 0
    if geteuid() == 0 && status.owner != 0 && !isShared {
      throw Failure(
        .notAllowed, path, "would lie in a directory of user \(status.owner), and you are root",
        do: "run this without sudo, or set SPOOL_DIR")
    }
  }

  /// Makes the spool's own name durable, whoever made it.
  package func syncName() throws(Failure) {
    let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    try Directory.following(path: parent).sync()
  }

  /// What lies in a directory of ours for people only: it is no entry, no agent, no person.
  public static let readme = "README"

  /// Top-level directories that are no queues.
  public static let otherDirectories: Set<String> = [
    "agents", "channels", "gateway", "health", "heartbeats", "journal", "memory", "people", "scheduler", "secrets",
    "slots",
  ]

  /// Opens a queue.
  /// - Parameter making: whether a missing one is made, with its rooms.
  public func queue(_ name: String, making: Bool = false) throws(Failure) -> Queue {
    if let queue = queues[name]?.queue { return queue }
    try Self.check(queueName: name)
    let directory: Directory
    var isNew = false
    if making, try root.status(name)?.isDirectory != true {
      directory = try Directory.making(name, in: root) { _ in isNew = true }
    } else {
      guard try root.status(name)?.isDirectory == true else {
        throw Failure(
          .unavailable, name, "there is no such queue in \(path)", do: "make it with spool init \(name)")
      }
      directory = try Directory(name, in: root)
    }
    let queue = Queue(name: name, directory: directory, spool: self)
    let isUnfinished = try !directory.contains(Room.log.rawValue)
    let isQueue = try directory.contains(Room.new.rawValue)
    if isUnfinished && (making || isQueue) {
      // Made, or found half made: its own name must last before anything in it is promised to.
      try root.sync()
      try queue.makeRooms()
      if isNew { onMade(name, directory) }
    }
    queues[name] = WeakQueue(queue: queue)
    return queue
  }

  /// The names of all queues, sorted: every top-level directory that has a `new/`.
  public func queueNames() throws(Failure) -> [String] {
    var names: [String] = []
    // A copy that somebody made (letters.bak) is no queue.
    for name in try root.names().sorted() where (try? Self.check(queueName: name)) != nil {
      guard try root.status(name)?.isDirectory == true else { continue }
      if try Directory(name, in: root).status(Room.new.rawValue)?.isDirectory == true { names.append(name) }
    }
    return names
  }

  package static func check(queueName name: String) throws(Failure) {
    let allowed = name.utf8.allSatisfy {
      (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
    }
    guard allowed, (1...64).contains(name.utf8.count), !name.hasPrefix("-"), !otherDirectories.contains(name) else {
      throw Failure(
        .usage, "\"\(name)\"", "is no name for a queue",
        do: "use 1 to 64 characters of a-z 0-9 - _, and none of \(otherDirectories.sorted().joined(separator: " "))")
    }
  }

  /// A directory under the spool that is no queue.
  public func directory(_ name: String, mode: mode_t = 0o700) throws(Failure) -> Directory {
    try Directory.making(name, in: root, mode: mode) { onMade(name, $0) }
  }

  public static var processID: Int32 { Kernel.processID }

  /// HOST.PID of this process, as it stands in `run/`.
  static var holder: String { "\(host).\(Kernel.processID)" }

  /// What this machine calls itself, as far as it can stand in a file's name.
  public static var hostName: String { host }

  private static let host: String = {
    var name = utsname()
    uname(&name)
    return withUnsafeBytes(of: name.nodename) { bytes in
      bytes.prefix { $0 != 0 }.map { byte -> Character in
        let keep =
          (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
          || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
        return keep ? Character(UnicodeScalar(byte)) : "_"
      }.reduce(into: "") { $0.append($1) }
    }
  }()
}

extension Directory {
  /// Opens by path, following links: for what lies above a spool, which is its owner's business.
  package static func following(path: String) throws(Failure) -> Directory {
    do {
      let descriptor = try Kernel.open(path, in: nil, O_RDONLY | O_DIRECTORY)
      return Directory(file: File(descriptor, path: path))
    } catch { throw Failure(error, path, "open the directory") }
  }
}
