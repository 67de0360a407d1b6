import Glibc
import SystemPackage

/// How a file is taken: nobody writes it any more, it is what it was when it was listed, and it may speak for whose directory this is.
extension Drop {
  /// Where no lease can be had, a file that has not changed for this long is complete.
  static let settling = Duration.seconds(10)
  /// A file that was written is left alone for so long: between its making and the end of that open(2) a lease would make touch(1)
  /// fail, and install(1) sets its mode when it has closed it. Some microseconds, and a tick of the clock by which files are
  /// stamped. One that was moved in is older.
  private static let birth = Duration.milliseconds(10)

  private static func isNewborn(_ status: FileStatus) -> Bool {
    let now = Kernel.now()
    return [now - status.changed, now - status.modified].allSatisfy { $0 < birth && $0 > .zero - birth }
  }

  /// Who takes a file has published it long before.
  static let turn = Duration.seconds(1)

  /// With what we write before it, it is still a name.
  private static let longestName = 180

  struct Taken {
    var file: File
    var takenName: String
    var name: String
    var inode: UInt64
    var changed: Timestamp
  }

  enum Take {
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
  func takeGrown(_ raw: [CChar], _ name: String) throws(Failure) -> Take {
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
  func foreign(_ status: FileStatus) -> String? {
    guard let user, status.owner != user.uid else { return nil }
    return "belongs to user \(status.owner), not to \(user.name) (\(user.uid))"
  }

  /// Why a name that claims to be one of ours is none; nil where it is.
  private static func unfit(_ name: String) -> String? {
    if name.hasPrefix(".") { return "is hidden" }
    return name.utf8.count > longestName || name != name.printable ? "is a name that nobody gave it here" : nil
  }

  /// Puts it into `bad/`. Another user's directory may not be moved, and must not hold up what lies beside it.
  func quarantine(_ raw: [CChar], because reason: String) throws(Failure) -> Take {
    do { try queue.quarantine(raw: raw, from: directory, because: reason) } catch {
      guard error.errno == .permissionDenied || error.errno == .notPermitted else { throw error }
      queue.spool.notice(
        "\(place)/\(Kernel.text(raw).printable): \(reason), and may not be moved: its owner must take it away")
      return .left
    }
    return .refused(reason)
  }

  /// For messages.
  var place: String { "\(queue.name)/\(directory.path.split(separator: "/").last ?? "drop")" }

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

  func findTaken(_ takenName: String) throws(Failure) -> Take {
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
}
