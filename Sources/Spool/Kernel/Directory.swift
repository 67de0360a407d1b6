import Glibc
import SystemPackage

/// A directory held open by descriptor, so that everything below it is reached by name from here and a
/// swapped path component can lead nowhere else. `path` is for messages and for inotify.
public final class Directory {
  public let path: String
  package let file: File
  var descriptor: FileDescriptor { file.descriptor }

  /// The working directory's path.
  public static var currentPath: String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    return getcwd(&buffer, buffer.count) == nil ? "." : String(cString: buffer)
  }

  /// How a move that never overwrites ended.
  package enum Moved { case done, sourceGone, targetExists }

  private static let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW

  init(file: File) {
    self.file = file
    path = file.path
  }

  /// Opens by path. The last component may not be a symbolic link.
  package init(path: String) throws(Failure) {
    self.path = path
    do { file = File(try Kernel.open(path, in: nil, Self.flags), path: path) } catch {
      throw Failure(error, path, "open the directory")
    }
  }

  package init(_ name: String, in parent: Directory) throws(Failure) {
    path = parent.path(of: name)
    do { file = File(try Kernel.open(name, in: parent.descriptor, Self.flags), path: path) } catch {
      throw Failure(error, path, "open the directory")
    }
  }

  /// Somebody else's directory, opened with O_PATH: names in it can be reached, and nothing can be listed or flushed.
  package init(passing file: File) {
    self.file = file
    path = file.path
  }

  package convenience init(passing name: String, in parent: Directory) throws(Failure) {
    let path = parent.path(of: name)
    do {
      self.init(
        passing: File(
          try Kernel.open(name, in: parent.descriptor, Kernel.passing | O_DIRECTORY | O_NOFOLLOW), path: path))
    } catch { throw Failure(error, path, "pass through") }
  }

  /// For messages.
  package func path(of name: String) -> String { path == "/" ? "/" + name : path + "/" + name }

  /// Whether its path still leads here: false when it, or what lies above it, was removed, moved or unmounted.
  package var isWhereItWas: Bool {
    guard let own = try? file.status(), let named = try? Kernel.status(path, in: FileDescriptor(rawValue: AT_FDCWD))
    else { return false }
    return named.isSameFile(as: own)
  }

  /// Makes the directory where it is missing, durably, and opens it.
  /// - Parameters:
  ///   - isLitter: it need not last under this name: made to be moved on, when what is in it is complete.
  ///   - onMade: told of it where it was missing.
  package static func making(
    _ name: String, in parent: Directory, mode: mode_t = 0o700, isLitter: Bool = false,
    onMade: (Directory) -> Void = { _ in }
  ) throws(Failure) -> Directory {
    if let existing = try parent.status(name), existing.isDirectory { return try Directory(name, in: parent) }
    do { try Kernel.makeDirectory(name, in: parent.descriptor, mode: mode) } catch {
      // Somebody else may have made it meanwhile.
      if error != .fileExists {
        var failure = Failure(error, parent.path(of: name), "make the directory")
        if failure.status == .io { failure.status = .cannotCreate }
        throw failure
      }
    }
    if !isLitter { try parent.sync() }
    let made = try Directory(name, in: parent)
    onMade(made)
    return made
  }

  /// Every name, in no order; those that are not UTF-8 are left out (see `rawNames`).
  package func names() throws(Failure) -> [String] {
    try rawNames().compactMap { String(validatingCString: $0) }
  }

  /// The names that are no UTF-8, as their bytes.
  package func foreignNames() throws(Failure) -> [[CChar]] {
    try rawNames().filter { String(validatingCString: $0) == nil }
  }

  /// Every name as its bytes, zero-terminated.
  package func rawNames() throws(Failure) -> [[CChar]] { try rawNames(atMost: .max) }

  private func rawNames(atMost limit: Int) throws(Failure) -> [[CChar]] {
    do { return try Kernel.list(descriptor, atMost: limit) } catch { throw Failure(error, path, "list") }
  }

  /// Some of the names, no more than this: which ones is the file system's choice.
  package func someNames(atMost limit: Int) throws(Failure) -> [String] {
    try rawNames(atMost: limit).compactMap { String(validatingCString: $0) }
  }

  /// Those of the names that are wanted, no more than this.
  /// - Parameter isWanted: asked of a name's bytes, without the zero: no text is made of those that are not.
  package func names(
    atMost limit: Int, where isWanted: (UnsafeBufferPointer<CChar>) -> Bool
  ) throws(Failure) -> [String] {
    var names: [String] = []
    do {
      try Kernel.visit(descriptor) { name in
        let bytes = UnsafeBufferPointer(rebasing: name.prefix { $0 != 0 })
        if isWanted(bytes) { names.append(String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)) }
        return names.count < limit
      }
    } catch { throw Failure(error, path, "list") }
    return names
  }

  /// The first and the last names by their bytes, each in their order, but for hidden ones, and how many there are: however many, few
  /// more than these are kept.
  package func ends(first: Int, last: Int = 0) throws(Failure) -> (first: [[CChar]], last: [[CChar]], count: Int) {
    var least = Selection(limit: first)
    var greatest = Selection(limit: last, isFromEnd: true)
    var count = 0
    do {
      try Kernel.visit(descriptor) { name in
        if name[0] == 46 { return true }
        count += 1
        least.offer(name)
        greatest.offer(name)
        return true
      }
    } catch { throw Failure(error, path, "list") }
    return (least.take(), greatest.take().reversed(), count)
  }

  /// How many names there are, as far as that is not more than this: what it costs does not grow beyond it.
  package func count(upTo limit: Int) throws(Failure) -> Int { try rawNames(atMost: limit).count }

  /// Opens a file to read, without following links and without waiting for a FIFO's writer; nil where
  /// there is none.
  package func open(_ name: String) throws(Failure) -> File? {
    do {
      return File(
        try Kernel.open(name, in: descriptor, O_RDONLY | O_NOFOLLOW | O_NONBLOCK), path: path(of: name))
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw Failure(error, path(of: name), "open")
    }
  }

  /// A new file for writing; fails where the name is taken.
  package func create(_ name: String, mode: mode_t = 0o440) throws(Failure) -> File {
    do {
      return File(
        try Kernel.open(name, in: descriptor, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode),
        path: path(of: name))
    } catch {
      var failure = Failure(error, path(of: name), "create")
      if failure.status == .io { failure.status = .cannotCreate }
      throw failure
    }
  }

  /// Opens for appending or for locking, made where it is missing.
  package func openOrCreate(_ name: String, append: Bool = false, mode: mode_t = 0o600) throws(Failure) -> File {
    let flags = O_RDWR | O_CREAT | O_NOFOLLOW | (append ? O_APPEND : 0)
    do { return File(try Kernel.open(name, in: descriptor, flags, mode: mode), path: path(of: name)) } catch {
      throw Failure(error, path(of: name), "open")
    }
  }

  package func status(_ name: String) throws(Failure) -> FileStatus? {
    do { return try Kernel.status(name, in: descriptor) } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw Failure(error, path(of: name), "stat")
    }
  }

  package func contains(_ name: String) throws(Failure) -> Bool { try status(name) != nil }

  /// Moves without ever overwriting.
  package func move(_ name: String, to target: Directory, as newName: String) throws(Failure) -> Moved {
    do {
      try Kernel.rename(name, in: descriptor, to: newName, in: target.descriptor)
      return .done
    } catch {
      switch error {
      case .noSuchFileOrDirectory: return .sourceGone
      case .fileExists: return .targetExists
      default:
        // An error may hide that it has happened (a file system that answers late): names lead to one file each, so what is
        // gone here and there now was moved.
        if try status(name) == nil, try target.contains(newName) { return .done }
        throw Failure(error, path(of: name), "move to \(target.path(of: newName))")
      }
    }
  }

  /// The same for a name that may be no UTF-8.
  package func move(raw name: [CChar], to target: Directory, as newName: String) throws(Failure) -> Moved {
    if let text = String(validatingCString: name) { return try move(text, to: target, as: newName) }
    do { try Kernel.rename(raw: name, in: descriptor, to: newName, in: target.descriptor) } catch {
      if error == .noSuchFileOrDirectory { return .sourceGone }
      if error == .fileExists { return .targetExists }
      throw Failure(error, path(of: newName), "move to \(target.path)")
    }
    return .done
  }

  package func sync() throws(Failure) { try file.sync() }

  /// Makes everything on this file system durable.
  package func syncFileSystem() throws(Failure) {
    do { try Kernel.syncFileSystem(of: descriptor) } catch {
      throw Failure(flushing: path, "flush the file system of", error)
    }
  }

  /// Removes a file; no error where there is none.
  package func unlink(_ name: String) throws(Failure) {
    do { try Kernel.unlink(name, in: descriptor) } catch {
      if error != .noSuchFileOrDirectory { throw Failure(error, path(of: name), "remove") }
    }
  }

  /// Removes an empty directory; false where it is not empty, no error where there is none.
  @discardableResult
  package func removeDirectory(_ name: String) throws(Failure) -> Bool {
    do { try Kernel.unlink(name, in: descriptor, flags: AT_REMOVEDIR) } catch {
      if error == .directoryNotEmpty || error == .fileExists { return false }
      if error != .noSuchFileOrDirectory { throw Failure(error, path(of: name), "remove") }
    }
    return true
  }

  package func readLink(_ name: String) throws(Failure) -> String? {
    do { return try Kernel.readLink(name, in: descriptor) } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw Failure(error, path(of: name), "read the link")
    }
  }

  /// Writes a derived or a state file whole: a reader sees the old one or the new one. Not for entries.
  /// - Parameters:
  ///   - isExactMode: whether it gets this mode whatever our umask(2) is.
  ///   - modified: its time from its first instant on; nil: when it was written.
  package func replace(
    _ name: String, with bytes: some Collection<UInt8>, mode: mode_t = 0o600, isExactMode: Bool = false,
    modified: Timestamp? = nil
  ) throws(Failure) {
    let temporary = ".\(name).\(Kernel.processID)"
    try unlink(temporary)
    let file = try create(temporary, mode: mode)
    if isExactMode { try file.setMode(mode) }
    try file.write(bytes)
    if let modified { try file.setModified(modified) }
    try file.sync()
    try file.close()
    do { try Kernel.replace(temporary, in: descriptor, with: name) } catch {
      throw Failure(error, path(of: name), "replace")
    }
    try sync()
  }
}
