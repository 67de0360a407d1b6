import Glibc
import SystemPackage

extension Queue {
  /// Takes everything that people have put into `drop/` and publishes it.
  /// - Parameters:
  ///   - limit: about so many; then there is to look again at once.
  ///   - onEach: told before each file: there may be very many.
  public func takeDrops(atMost limit: Int = .max, onEach: () -> Void = {}) throws(Failure) -> Drop.Result {
    try Drop(self, self[.drop]).take(atMost: limit, onEach: onEach)
  }

  /// For the sweep: goes on with what a dead process has taken.
  func resumeTaken(_ takenName: String) throws(Failure) { try Drop(self, self[.drop]).resume(takenName) }
}

/// A directory in which others put files that become entries of a queue: `drop/`, which speaks for the spool's owner, or one that is
/// another user's.
public struct Drop {
  let queue: Queue
  let directory: Directory
  /// Whose it is; nil: the spool's owner's.
  var user: User?

  init(_ queue: Queue, _ directory: Directory) {
    self.queue = queue
    self.directory = directory
  }

  /// The directory `name` of a queue, in which one other user puts his files.
  public init(_ name: String, in queue: Queue, of user: User) throws(Failure) {
    self.init(queue, try Directory(name, in: queue.directory))
    self.user = user
  }

  /// Who may put files here, and what becomes of them.
  public struct User {
    public var name: String
    /// Authority is the directory, and its files must be his as well: with mv and ln anybody can place another's file.
    public var uid: UInt32
    /// Whether a file of this name is the same entry however often it is put there; else each is one of its own.
    public var isNamed: (_ fileName: String) -> Bool
    /// Asked before it is published, under this key; true: it goes, and its owner was told why.
    public var turnsAway: (_ fileName: String, _ key: String) throws(Failure) -> Bool
    /// Told when it is published, before the file goes: killed in between, it is told again.
    public var onPublished: (EntryID, _ fileName: String) throws(Failure) -> Void
    /// Told when a file of his is none that can be taken; it lies in `bad/`.
    public var onRefused: (_ fileName: String, _ why: String) throws(Failure) -> Void

    public init(
      name: String, uid: UInt32, isNamed: @escaping (String) -> Bool,
      turnsAway: @escaping (String, String) throws(Failure) -> Bool,
      onPublished: @escaping (EntryID, String) throws(Failure) -> Void,
      onRefused: @escaping (String, String) throws(Failure) -> Void
    ) {
      self.name = name
      self.uid = uid
      self.isNamed = isNamed
      self.turnsAway = turnsAway
      self.onPublished = onPublished
      self.onRefused = onRefused
    }

    /// Nobody else's: neither part can have a slash in it. A user can give his files any name, and those that we give as well, so that
    /// no key may be made of what a file says of itself alone.
    fileprivate func key(_ fileName: String, _ inode: UInt64, _ changed: Timestamp) -> String {
      "drop-\(name)/\(isNamed(fileName) ? fileName : ".take-\(inode)-\(changed.nanoseconds)")"
    }
  }

  /// What a look at it found.
  public struct Result: Sendable {
    /// The entries that it became, in their order.
    public var published: [EntryID] = []
    /// Something could not be taken yet: look again when something changes, or after this long.
    public var lookAgain: Duration?
    /// When the oldest file came that is complete and may not be published yet: another process takes it at this moment, or it
    /// could not be opened.
    public var unread: Timestamp?
    /// What was put into `bad/`, and why.
    public var refused: [String] = []

    fileprivate mutating func wait(_ pause: Duration) { lookAgain = min(lookAgain ?? pause, pause) }
  }

  /// Takes everything that lies here and publishes it.
  ///
  /// A file is taken by a rename to `.take-INODE-CTIME-NAME`, published under a key made of these, and
  /// unlinked last: killed anywhere, the next look goes on and publishes it once.
  public func take(atMost limit: Int = .max, onEach: () -> Void = {}) throws(Failure) -> Result {
    var published: [EntryID] = []
    var refused: [String] = []
    // What another process takes while we look has another name by then, or is published.
    for _ in 0..<5 {
      var result = Result()
      let isWhole = try look(&result, limit, onEach)
      published += result.published
      refused += result.refused
      (result.published, result.refused) = (published, refused)
      if isWhole || published.count + refused.count >= limit { return result }
    }
    return Result(
      published: published, lookAgain: Self.turn, unread: Timestamp(nanoseconds: 0), refused: refused)
  }

  /// - Returns: false where something has moved meanwhile.
  private func look(_ result: inout Result, _ limit: Int, _ onEach: () -> Void) throws(Failure) -> Bool {
    var isWhole = true
    var taken = 0
    for raw in try directory.rawNames().sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      let name = Kernel.text(raw)
      // Ours are text.
      let isTaken = name.hasPrefix(".take-") && String(validatingCString: raw) != nil
      if !isTaken && Self.isIgnored(name) { continue }
      if taken >= limit {
        result.wait(.zero)
        break
      }
      onEach()
      switch try isTaken ? findTaken(name) : takeGrown(raw, name) {
      case .taken(let file):
        taken += 1
        switch try publishTaken(file) {
        case .published(let id): result.published.append(id)
        case .refused(let why): result.refused.append("\(file.name): \(why)")
        case .turnedAway: break
        }
      case .beingWritten: result.wait(Self.settling)
      case .newborn: isWhole = false
      case .unread(let changed):
        result.wait(Self.turn)
        result.unread = min(result.unread ?? changed, changed)
      case .moved: isWhole = false
      case .refused(let why):
        taken += 1
        result.refused.append("\(name.printable): \(why)")
      case .left: break
      }
    }
    return isWhole
  }

  /// Hidden files, editors' and copiers' temporary names.
  static func isIgnored(_ name: String) -> Bool {
    name.hasPrefix(".") || name.hasSuffix("~") || (name.hasPrefix("#") && name.hasSuffix("#")) || name == "4913"
      || [".swp", ".part", ".tmp"].contains { name.hasSuffix($0) }
  }

  /// Where no lease can be had, a file that has not changed for this long is complete.
  private static let settling = Duration.seconds(10)
  /// A file that was written is left alone for so long: between its making and the end of that open(2) a lease would make touch(1)
  /// fail, and install(1) sets its mode when it has closed it. Some microseconds, and a tick of the clock by which files are
  /// stamped. One that was moved in is older.
  private static let birth = Duration.milliseconds(10)

  private static func isNewborn(_ status: FileStatus) -> Bool {
    let now = Kernel.now()
    return [now - status.changed, now - status.modified].allSatisfy { $0 < birth && $0 > .zero - birth }
  }

  /// Who takes a file has published it long before.
  private static let turn = Duration.seconds(1)

  /// With what we write before it, it is still a name.
  private static let longestName = 180

  private struct Taken {
    var file: File
    var takenName: String
    var name: String
    var inode: UInt64
    var changed: Timestamp
  }

  private enum Take {
    case taken(Taken)
    case beingWritten
    /// It was written just now.
    case newborn
    /// It is complete, and another process has it, or it cannot be opened just now; since when it has been there.
    case unread(Timestamp)
    /// It is not what was listed any more.
    case moved
    /// It lies in `bad/`.
    case refused(String)
    /// It stays where it is.
    case left
  }

  /// In its turn: those behind it wait with us.
  private func takeGrown(_ raw: [CChar], _ name: String) throws(Failure) -> Take {
    let first = try take(raw, name)
    guard case .newborn = first else { return first }
    Kernel.pause(for: Self.birth)
    return try take(raw, name)
  }

  private func take(_ raw: [CChar], _ name: String) throws(Failure) -> Take {
    let descriptor: FileDescriptor
    do { descriptor = try Kernel.open(raw: raw, in: directory.descriptor, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) } catch {
      switch error {
      case .noSuchFileOrDirectory: return .moved
      case .tooManySymbolicLinkLevels, .noSuchAddressOrDevice:
        return try quarantine(raw, because: "is a symbolic link or a socket, not a regular file")
      default:
        if error == .permissionDenied { return try takeClosed(raw, name) }
        queue.spool.notice("\(place)/\(name.printable): cannot open: \(error)")
        return .unread(try directory.status(name)?.changed ?? Timestamp(nanoseconds: 0))
      }
    }
    let file = File(descriptor, path: "\(directory.path)/\(name)")
    let status = try file.status()
    // Saved anew while we opened it: the name leads to another file, which gets its own look. Or it is published.
    if status.links == 0 { return .moved }
    if let reason = queue.unreadable(status) ?? foreign(status) { return try quarantine(raw, because: reason) }
    if Self.isNewborn(status) { return .newborn }
    guard try isComplete(file, status) else { return .beingWritten }
    guard try file.tryLock() else { return .unread(status.changed) }
    let changed = try file.status()
    guard changed.changed == status.changed && changed.size == status.size else { return .moved }
    var cut = name.printable
    while cut.utf8.count > Self.longestName { cut.removeLast() }
    cut = cut.replacing("/", with: "_")
    let takenName = ".take-\(status.inode)-\(status.changed.nanoseconds)-\(cut)"
    do { try Kernel.rename(raw: raw, in: directory.descriptor, to: takenName, in: directory.descriptor) } catch {
      if error == .noSuchFileOrDirectory { return .moved }
      throw Failure(error, file.path, "take")
    }
    guard let named = try directory.status(takenName), named.isSameFile(as: status) else {
      // Between open and rename another file was moved over the name: it goes back, unread.
      _ = try directory.move(takenName, to: directory, as: cut)
      return .moved
    }
    try directory.sync()
    return .taken(Taken(file: file, takenName: takenName, name: cut, inode: status.inode, changed: status.changed))
  }

  /// What we may not read, such as root's file under a umask of 077: its person must hear of it. `cp -p` and rsync give a file its
  /// owner and mode last.
  private func takeClosed(_ raw: [CChar], _ name: String) throws(Failure) -> Take {
    let status: FileStatus
    do { status = try Kernel.status(raw: raw, in: directory.descriptor) } catch {
      if error == .noSuchFileOrDirectory { return .moved }
      throw Failure(error, "\(directory.path)/\(name)", "stat")
    }
    if Kernel.now() - status.changed <= Self.settling { return .beingWritten }
    let mode = String(status.mode & 0o7777, radix: 8)
    let reason = "may not be read, is of user \(status.owner), and has mode \(mode)"
    if let user, status.owner == user.uid { try user.onRefused(name.printable, reason) }
    return try quarantine(raw, because: reason)
  }

  /// Why a file may not speak for whose directory this is; nil where it may.
  private func foreign(_ status: FileStatus) -> String? {
    guard let user, status.owner != user.uid else { return nil }
    return "belongs to user \(status.owner), not to \(user.name) (\(user.uid))"
  }

  /// Why a name that claims to be one of ours is none; nil where it is.
  private static func unfit(_ name: String) -> String? {
    if name.hasPrefix(".") { return "is hidden" }
    return name.utf8.count > longestName || name != name.printable ? "is a name that nobody gave it here" : nil
  }

  /// Puts it into `bad/`. Another user's directory may not be moved, and must not hold up what lies beside it.
  private func quarantine(_ raw: [CChar], because reason: String) throws(Failure) -> Take {
    do { try queue.quarantine(raw: raw, from: directory, because: reason) } catch {
      guard error.errno == .permissionDenied || error.errno == .notPermitted else { throw error }
      queue.spool.notice(
        "\(place)/\(Kernel.text(raw).printable): \(reason), and may not be moved: its owner must take it away")
      return .left
    }
    return .refused(reason)
  }

  /// For messages.
  private var place: String { "\(queue.name)/\(directory.path.split(separator: "/").last ?? "drop")" }

  /// Whether nobody is writing any more. A read lease is granted only then, and is kept until the unlink.
  private func isComplete(_ file: File, _ status: FileStatus) throws(Failure) -> Bool {
    do {
      try Kernel.leaseForReading(file.descriptor)
      return true
    } catch {
      if error == .wouldBlock { return false }
    }
    // Another's file, or a file system without leases.
    if Kernel.now() - status.changed > Self.settling { return true }
    guard let bytes = try file.readAll(limit: Entry.sizeLimit) else { return false }
    try file.seek(to: 0)
    guard let entry = try? Self.dropped(bytes) else { return false }
    return entry.header["Length"] != nil
  }

  func resume(_ takenName: String) throws(Failure) {
    if case .taken(let taken) = try findTaken(takenName) { _ = try publishTaken(taken) }
  }

  private func findTaken(_ takenName: String) throws(Failure) -> Take {
    let parts = takenName.dropFirst(6).split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[2].isEmpty, let inode = UInt64(parts[0]), let nanoseconds = Int64(parts[1]) else {
      return .left
    }
    let changed = Timestamp(nanoseconds: nanoseconds)
    guard let file = try Queue.lockUnheld(takenName, in: directory) else {
      guard let status = try directory.status(takenName) else { return .moved }
      // What is no file of ours has never been taken.
      return status.isRegular && status.owner == user?.uid ?? geteuid() ? .unread(changed) : .left
    }
    let status = try file.status()
    // A user can call his files so himself, and others' as well.
    if user != nil,
      let reason = queue.unreadable(status) ?? foreign(status) ?? Self.unfit(String(parts[2]))
    {
      return try quarantine(Array(takenName.utf8CString), because: reason)
    }
    guard status.inode == inode else {
      // Somebody has called it so, or the spool was copied: it is no file that was taken here, and gets a look of its own.
      if try directory.move(takenName, to: directory, as: String(parts[2])) != .targetExists { return .moved }
      queue.spool.notice("\(place)/\(takenName): its name is not its own: give it another")
      return .left
    }
    // Found left behind: the rename may not be durable, and the key must not outlive it.
    try directory.sync()
    return .taken(Taken(file: file, takenName: takenName, name: String(parts[2]), inode: inode, changed: changed))
  }

  private enum Fate {
    case published(EntryID)
    /// It lies in `bad/`.
    case refused(String)
    case turnedAway
  }

  private func publishTaken(_ taken: Taken) throws(Failure) -> Fate {
    let status = try taken.file.status()
    guard let bytes = try taken.file.readAll(limit: Entry.sizeLimit) else {
      return try refuse(taken, because: "has more than \(Entry.sizeLimit) bytes")
    }
    var header = Header()
    var body = bytes
    if bytes.starts(with: "Spool: 1\n".utf8) {
      do {
        let entry = try Self.dropped(bytes)
        body = entry.body
        header = Header(lines: entry.header.lines.filter { !Self.ownHeaders.contains($0.name.lowercased()) })
      } catch { return try refuse(taken, because: error.description) }
    }
    // Authority is the directory: a file that is somebody else's was moved in, and speaks for nobody.
    let owner = status.owner
    if let user {
      header["From"] = user.name
      header["Via"] = "drop-\(user.name)"
    } else if owner != geteuid() {
      header["From"] = "user \(owner)"
    } else if header["From"] == nil {
      header["From"] = "drop"
    }
    header["Name"] = taken.name
    header["Arrived"] = taken.changed.rfc3339
    let slug = EntryID.slug(from: taken.name.prefix { $0 != "." })
    let key =
      user?.key(taken.name, taken.inode, taken.changed) ?? "drop-\(taken.inode)-\(taken.changed.nanoseconds)"
    if let user, try user.turnsAway(taken.name, key) {
      try directory.unlink(taken.takenName)
      taken.file.unlock()
      return .turnedAway
    }
    let published = try queue.publish(Draft(slug: slug, header: header, body: body), key: key)
    try user?.onPublished(published.id, taken.name)
    let now = try taken.file.status()
    if now.size == status.size && now.modified == status.modified {
      try directory.unlink(taken.takenName)
    } else {
      try giveBack(taken)
    }
    taken.file.unlock()
    return .published(published.id)
  }

  private func refuse(_ taken: Taken, because reason: String) throws(Failure) -> Fate {
    try queue.quarantine(raw: Array(taken.takenName.utf8CString), from: directory, because: reason)
    try user?.onRefused(taken.name, reason)
    return .refused(reason)
  }

  /// Where no lease can be had and the clock has jumped, 10 s without a change were none: somebody was still writing. The file becomes
  /// another entry when it is whole.
  private func giveBack(_ taken: Taken) throws(Failure) {
    var (name, copy) = (taken.name, 1)
    while try directory.move(taken.takenName, to: directory, as: name) == .targetExists {
      copy += 1
      name = "\(taken.name).\(copy)"
    }
    queue.spool.notice("\(place)/\(name): was still being written when it was taken: it is taken again")
  }

  /// What a dropped entry may not set itself.
  private static let ownHeaders: Set<String> = ["spool", "id", "length", "sha256", "key", "name", "arrived", "created"]

  /// A dropped file that claims to be an entry; it need not know its ID yet.
  private static func dropped(_ bytes: [UInt8]) throws(MalformedText) -> Entry {
    let (header, _) = try Header.parse(bytes)
    if header["Id"] != nil { return try Entry(parsing: bytes) }
    let start = "Spool: 1\n".utf8.count
    let id = "Id: \(EntryID(time: Kernel.now(), random: "000000", slug: nil))\n"
    return try Entry(parsing: bytes[..<start] + Array(id.utf8) + bytes[start...])
  }

}
