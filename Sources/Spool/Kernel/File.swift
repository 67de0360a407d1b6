import Glibc
import SystemPackage

/// An open file that closes itself. `path` is for messages only.
package final class File {
  package let descriptor: FileDescriptor
  package let path: String
  private var isOpen = true

  package init(_ descriptor: FileDescriptor, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  /// Somebody else's descriptor: it is not closed.
  package init(borrowing descriptor: FileDescriptor, path: String) {
    self.descriptor = descriptor
    self.path = path
    isOpen = false
  }

  /// Takes a descriptor over that C has made.
  package static func owning(_ number: Int32, path: String) -> File {
    File(FileDescriptor(rawValue: number), path: path)
  }

  deinit { if isOpen { try? Kernel.close(descriptor) } }

  package func close() throws(Failure) {
    guard isOpen else { return }
    isOpen = false
    do { try Kernel.close(descriptor) } catch { throw Failure(error, path, "close") }
  }

  package func status() throws(Failure) -> FileStatus {
    do { return try Kernel.status(descriptor) } catch { throw Failure(error, path, "stat") }
  }

  /// Tries for the exclusive lock; false where somebody else holds it.
  package func tryLock() throws(Failure) -> Bool {
    do {
      try Kernel.lock(descriptor, LOCK_EX | LOCK_NB)
      return true
    } catch {
      if error == .wouldBlock { return false }
      throw Failure(error, path, "lock")
    }
  }

  /// Tries for a lock that others may share; false where somebody has the exclusive one.
  package func tryLockShared() throws(Failure) -> Bool {
    do {
      try Kernel.lock(descriptor, LOCK_SH | LOCK_NB)
      return true
    } catch {
      if error == .wouldBlock { return false }
      throw Failure(error, path, "lock")
    }
  }

  /// Waits for a lock that others may share.
  package func lockShared() throws(Failure) {
    do { try Kernel.lock(descriptor, LOCK_SH) } catch { throw Failure(error, path, "lock") }
  }

  /// Waits for the exclusive lock.
  package func lock() throws(Failure) {
    do { try Kernel.lock(descriptor, LOCK_EX) } catch { throw Failure(error, path, "lock") }
  }

  /// Gives the lock up for every process that shares this open file.
  package func unlock() { try? Kernel.lock(descriptor, LOCK_UN) }

  package func sync() throws(Failure) {
    do { try Kernel.sync(descriptor, path) } catch { throw Failure(flushing: path, "flush (fsync)", error) }
  }

  package func setModified(_ time: Timestamp) throws(Failure) {
    do { try Kernel.setModified(descriptor, time) } catch { throw Failure(error, path, "set the time of") }
  }

  /// Permissions that no umask(2) takes back.
  package func setMode(_ mode: mode_t) throws(Failure) {
    do { try Kernel.setMode(descriptor, mode) } catch { throw Failure(error, path, "set the mode of") }
  }

  package func setGroup(_ group: gid_t) throws(Failure) {
    do { try Kernel.setGroup(descriptor, group) } catch { throw Failure(error, path, "give to group \(group)") }
  }

  /// The next bytes from its current position on, as many as there are and fit; none at its end.
  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
    do { return try Kernel.read(descriptor, into: buffer) } catch { throw Failure(error, path, "read") }
  }

  package func truncate(to size: Int) throws(Failure) {
    do { try Kernel.truncate(descriptor, to: size) } catch { throw Failure(error, path, "truncate") }
  }

  package func seek(to offset: Int) throws(Failure) {
    do { try Kernel.seek(descriptor, to: offset) } catch { throw Failure(error, path, "seek in") }
  }

  /// Where the next byte is read from or written to.
  package func position() throws(Failure) -> Int {
    do { return try Kernel.position(descriptor) } catch { throw Failure(error, path, "seek in") }
  }

  package func write(_ bytes: some Collection<UInt8>) throws(Failure) {
    do { try writeAll(bytes) } catch { throw Failure(error, path, "write") }
  }

  private func writeAll(_ bytes: some Collection<UInt8>) throws(Errno) {
    let bytes = Array(bytes)
    var written = 0
    while written < bytes.count {
      let result = bytes.withUnsafeBytes { buffer -> Result<Int, Errno> in
        do throws(Errno) {
          return .success(try Kernel.write(descriptor, UnsafeRawBufferPointer(rebasing: buffer[written...])))
        } catch { return .failure(error) }
      }
      written += try result.get()
    }
  }

  /// The whole of a regular file that nobody changes: as many bytes as it has, in one read.
  package func readAll(size: Int) throws(Failure) -> [UInt8] {
    var failure: Errno?
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      let room = UnsafeMutableRawBufferPointer(buffer)
      do throws(Errno) {
        while count < size {
          let more = try Kernel.read(descriptor, into: UnsafeMutableRawBufferPointer(rebasing: room[count..<size]))
          if more == 0 { break }
          count += more
        }
      } catch { failure = error }
    }
    if let failure { throw Failure(failure, path, "read") }
    return bytes
  }

  /// Everything from the file's current position on; nil where that is more than `limit` bytes, with
  /// no more than `limit` + 64 KiB read.
  package func readAll(limit: Int) throws(Failure) -> [UInt8]? {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
      let result = chunk.withUnsafeMutableBytes { buffer -> Result<Int, Errno> in
        do throws(Errno) { return .success(try Kernel.read(descriptor, into: buffer)) } catch { return .failure(error) }
      }
      let count: Int
      do { count = try result.get() } catch { throw Failure(error, path, "read") }
      if count == 0 { return bytes }
      bytes.append(contentsOf: chunk[..<count])
      if bytes.count > limit { return nil }
    }
  }
}

extension File {
  /// A file in memory, without a name on any disk, opened at its beginning: what a command gets as standard input, so that it may
  /// seek in it and open `/dev/stdin` again.
  package static func inMemory(_ bytes: [UInt8]) throws(Failure) -> File {
    let file: File
    do { file = File(try Kernel.memoryFile(), path: "a file in memory") } catch {
      throw Failure(error, "a file in memory", "create")
    }
    try file.write(bytes)
    try file.seek(to: 0)
    return file
  }

  /// Descriptor 0, which stays open.
  package static var standardInput: File {
    File(borrowing: FileDescriptor(rawValue: STDIN_FILENO), path: "standard input")
  }
}
