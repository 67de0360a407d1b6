import CLinux
import Glibc
import SystemPackage

/// The seam: all that Spindle asks of the kernel's file systems and clocks goes through here, one thin
/// function a call, so that a test can make any of them fail or lie, or answer all of them itself (`KernelStandIn`).
package enum Kernel {
  /// O_PATH of open(2), which Swift's Glibc module lacks.
  package static let passing: Int32 = 0o10000000

  /// The corresponding C function is `openat`.
  package static func open(
    _ name: String, in directory: FileDescriptor?, _ flags: Int32, mode: mode_t = 0
  ) throws(Errno) -> FileDescriptor {
    try intercept(.open, name)
    if let standIn { return try standIn.open(name, in: directory, flags, mode: mode) }
    let number = try retrying { openat(directory?.rawValue ?? AT_FDCWD, name, flags | O_CLOEXEC, mode) }
    return FileDescriptor(rawValue: number)
  }

  /// As above, for a name that need not be UTF-8. The corresponding C function is `openat`.
  package static func open(
    raw name: [CChar], in directory: FileDescriptor, _ flags: Int32
  ) throws(Errno) -> FileDescriptor {
    try intercept(.open, "")
    if let standIn { return try standIn.open(text(name), in: directory, flags, mode: 0) }
    let number = try retrying { openat(directory.rawValue, name, flags | O_CLOEXEC) }
    return FileDescriptor(rawValue: number)
  }

  /// The corresponding C function is `memfd_create`.
  package static func memoryFile() throws(Errno) -> FileDescriptor {
    try intercept(.open, "")
    if let standIn { return try standIn.memoryFile() }
    let number = clinux_memory_file("spindle")
    if number < 0 { throw Errno(rawValue: errno) }
    return FileDescriptor(rawValue: number)
  }

  /// The corresponding C function is `close`.
  package static func close(_ descriptor: FileDescriptor) throws(Errno) {
    try intercept(.close, "")
    if let standIn { return try standIn.close(descriptor) }
    // Never retried: on Linux the descriptor is gone even after EINTR.
    if Glibc.close(descriptor.rawValue) < 0 { throw Errno(rawValue: errno) }
  }

  /// The corresponding C function is `read`.
  package static func read(
    _ descriptor: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int {
    try intercept(.read, "")
    if let standIn { return try standIn.read(descriptor, into: buffer) }
    return try retrying { Glibc.read(descriptor.rawValue, buffer.baseAddress, buffer.count) }
  }

  /// The corresponding C function is `write`.
  package static func write(_ descriptor: FileDescriptor, _ bytes: UnsafeRawBufferPointer) throws(Errno) -> Int {
    try intercept(.write, "")
    if let standIn { return try standIn.write(descriptor, bytes) }
    return try retrying { Glibc.write(descriptor.rawValue, bytes.baseAddress, bytes.count) }
  }

  /// The corresponding C function is `fsync`; on btrfs `syncfs`, whose log tree may keep a file under its old and its new
  /// name when only the new one's directory was flushed (docs/decisions/0006). A failure is never retried: the kernel may
  /// have dropped the pages that it could not write, and a second call would then report success.
  package static func sync(_ descriptor: FileDescriptor, _ name: String) throws(Errno) {
    try intercept(.fsync, name)
    if let standIn { return try standIn.sync(descriptor) }
    let isBtrfs = clinux_file_system_type(descriptor.rawValue) == FileSystemType.btrfs
    if (isBtrfs ? clinux_syncfs(descriptor.rawValue) : fsync(descriptor.rawValue)) < 0 { throw Errno(rawValue: errno) }
  }

  /// Everything on the file system. The corresponding C function is `syncfs`.
  package static func syncFileSystem(of descriptor: FileDescriptor) throws(Errno) {
    try intercept(.syncfs, "")
    if let standIn { return try standIn.syncFileSystem(of: descriptor) }
    if clinux_syncfs(descriptor.rawValue) < 0 { throw Errno(rawValue: errno) }
  }

  /// The corresponding C function is `ftruncate`.
  package static func truncate(_ descriptor: FileDescriptor, to size: Int) throws(Errno) {
    try intercept(.truncate, "")
    if let standIn { return try standIn.truncate(descriptor, to: size) }
    _ = try retrying { ftruncate(descriptor.rawValue, size) }
  }

  /// The corresponding C function is `lseek`.
  package static func seek(_ descriptor: FileDescriptor, to offset: Int) throws(Errno) {
    try intercept(.seek, "")
    if let standIn { return try standIn.seek(descriptor, to: offset) }
    if lseek(descriptor.rawValue, offset, SEEK_SET) < 0 { throw Errno(rawValue: errno) }
  }

  /// The corresponding C function is `lseek` by 0 from `SEEK_CUR`.
  package static func position(_ descriptor: FileDescriptor) throws(Errno) -> Int {
    let place = lseek(descriptor.rawValue, 0, SEEK_CUR)
    if place < 0 { throw Errno(rawValue: errno) }
    return place
  }

  /// Moves and never overwrites. The corresponding C function is `renameat2` with `RENAME_NOREPLACE`.
  package static func rename(
    _ from: String, in source: FileDescriptor, to: String, in target: FileDescriptor
  ) throws(Errno) {
    try intercept(.rename, to)
    if let standIn { return try standIn.rename(from, in: source, to: to, in: target, replacing: false) }
    if clinux_rename_noreplace(source.rawValue, from, target.rawValue, to) < 0 { throw Errno(rawValue: errno) }
  }

  /// As above, for a name that need not be UTF-8.
  package static func rename(
    raw from: [CChar], in source: FileDescriptor, to: String, in target: FileDescriptor
  ) throws(Errno) {
    try intercept(.rename, to)
    if let standIn { return try standIn.rename(text(from), in: source, to: to, in: target, replacing: false) }
    if clinux_rename_noreplace(source.rawValue, from, target.rawValue, to) < 0 { throw Errno(rawValue: errno) }
  }

  /// Moves over an older version of a derived file; never used on an entry. The corresponding C function
  /// is `renameat`.
  package static func replace(_ from: String, in source: FileDescriptor, with to: String) throws(Errno) {
    try intercept(.rename, to)
    if let standIn { return try standIn.rename(from, in: source, to: to, in: source, replacing: true) }
    if renameat(source.rawValue, from, source.rawValue, to) < 0 { throw Errno(rawValue: errno) }
  }

  /// The corresponding C function is `unlinkat`.
  package static func unlink(_ name: String, in directory: FileDescriptor, flags: Int32 = 0) throws(Errno) {
    try intercept(.unlink, name)
    if let standIn { return try standIn.unlink(name, in: directory, flags: flags) }
    if unlinkat(directory.rawValue, name, flags) < 0 { throw Errno(rawValue: errno) }
  }

  /// The corresponding C function is `mkdirat`.
  package static func makeDirectory(_ name: String, in directory: FileDescriptor?, mode: mode_t) throws(Errno) {
    try intercept(.mkdir, name)
    if let standIn { return try standIn.makeDirectory(name, in: directory, mode: mode) }
    if mkdirat(directory?.rawValue ?? AT_FDCWD, name, mode) < 0 { throw Errno(rawValue: errno) }
  }

  /// The corresponding C function is `symlinkat`.
  package static func symlink(_ target: String, as name: String, in directory: FileDescriptor) throws(Errno) {
    try intercept(.symlink, name)
    if let standIn { return try standIn.symlink(target, as: name, in: directory) }
    if symlinkat(target, directory.rawValue, name) < 0 { throw Errno(rawValue: errno) }
  }

  /// The corresponding C function is `readlinkat`.
  package static func readLink(_ name: String, in directory: FileDescriptor?) throws(Errno) -> String {
    try intercept(.readlink, name)
    if let standIn { return try standIn.readLink(name, in: directory) }
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlinkat(directory?.rawValue ?? AT_FDCWD, name, &buffer, buffer.count)
    if count < 0 { throw Errno(rawValue: errno) }
    return String(decoding: buffer[..<count].lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The corresponding C function is `fstat`.
  package static func status(_ descriptor: FileDescriptor) throws(Errno) -> FileStatus {
    try intercept(.stat, "")
    if let standIn { return try standIn.status(descriptor) }
    var status = stat()
    if fstat(descriptor.rawValue, &status) < 0 { throw Errno(rawValue: errno) }
    return FileStatus(status)
  }

  /// Does not follow symbolic links. The corresponding C function is `fstatat`.
  package static func status(_ name: String, in directory: FileDescriptor) throws(Errno) -> FileStatus {
    try intercept(.stat, name)
    if let standIn { return try standIn.status(name, in: directory) }
    var status = stat()
    if fstatat(directory.rawValue, name, &status, AT_SYMLINK_NOFOLLOW) < 0 { throw Errno(rawValue: errno) }
    return FileStatus(status)
  }

  /// The same, for a name that may be no UTF-8.
  package static func status(raw name: [CChar], in directory: FileDescriptor) throws(Errno) -> FileStatus {
    try intercept(.stat, text(name))
    if let standIn { return try standIn.status(text(name), in: directory) }
    var status = stat()
    if fstatat(directory.rawValue, name, &status, AT_SYMLINK_NOFOLLOW) < 0 { throw Errno(rawValue: errno) }
    return FileStatus(status)
  }

  /// The corresponding C function is `fstatvfs`.
  package static func space(_ descriptor: FileDescriptor) throws(Errno) -> FileSystemSpace {
    try intercept(.statvfs, "")
    if let standIn { return try standIn.space(descriptor) }
    var status = statvfs()
    if fstatvfs(descriptor.rawValue, &status) < 0 { throw Errno(rawValue: errno) }
    return FileSystemSpace(status)
  }

  /// An advisory lock on the open file. The corresponding C function is `flock`.
  package static func lock(_ descriptor: FileDescriptor, _ operation: Int32) throws(Errno) {
    try intercept(.flock, "")
    if let standIn { return try standIn.lock(descriptor, operation) }
    _ = try retrying { flock(descriptor.rawValue, operation) }
  }

  /// The corresponding C function is `fcntl` with `F_SETLEASE` and `F_RDLCK`.
  package static func leaseForReading(_ descriptor: FileDescriptor) throws(Errno) {
    try intercept(.lease, "")
    if let standIn { return try standIn.leaseForReading(descriptor) }
    if clinux_lease_read(descriptor.rawValue) < 0 { throw Errno(rawValue: errno) }
  }

  /// The corresponding C function is `futimens`.
  package static func setModified(_ descriptor: FileDescriptor, _ time: Timestamp) throws(Errno) {
    try intercept(.utimens, "")
    if let standIn { return try standIn.setModified(descriptor, time) }
    let value = timespec(
      tv_sec: Int(time.nanoseconds / 1_000_000_000), tv_nsec: Int(time.nanoseconds % 1_000_000_000))
    let times = [value, value]
    if futimens(descriptor.rawValue, times) < 0 { throw Errno(rawValue: errno) }
  }

  /// The corresponding C function is `fchmod`.
  package static func setMode(_ descriptor: FileDescriptor, _ mode: mode_t) throws(Errno) {
    if fchmod(descriptor.rawValue, mode) < 0 { throw Errno(rawValue: errno) }
  }

  /// The corresponding C function is `fchown`.
  package static func setGroup(_ descriptor: FileDescriptor, _ group: gid_t) throws(Errno) {
    if fchown(descriptor.rawValue, uid_t.max, group) < 0 { throw Errno(rawValue: errno) }
  }

  /// Every name in a directory but `.` and `..`, in no order; no more than `limit` of them.
  package static func list(_ directory: FileDescriptor, atMost limit: Int = .max) throws(Errno) -> [[CChar]] {
    var names: [[CChar]] = []
    if limit == 0 { return names }
    try visit(directory) { name in
      names.append(Array(name))
      return names.count < limit
    }
    return names
  }

  /// Shows every name but `.` and `..`, zero-terminated, in no order, until it is told that this is enough. The corresponding C
  /// functions are `fdopendir` and `readdir`.
  package static func visit(
    _ directory: FileDescriptor, _ goesOn: (UnsafeBufferPointer<CChar>) -> Bool
  ) throws(Errno) {
    try intercept(.list, "")
    if let standIn {
      for name in try standIn.list(directory) where !Array(name.utf8CString).withUnsafeBufferPointer(goesOn) { return }
      return
    }
    // A descriptor of its own: the stream owns it, and a shared one would share its position.
    let own = try retrying { openat(directory.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard let stream = fdopendir(own) else {
      let error = Errno(rawValue: errno)
      _ = Glibc.close(own)
      throw error
    }
    defer { closedir(stream) }
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        if errno != 0 { throw Errno(rawValue: errno) }
        return
      }
      let isEnough = withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: field.pointee)) { text in
          let name = UnsafeBufferPointer(start: text, count: strlen(text) + 1)
          let isOwn = text[0] == 46 && (name.count == 2 || text[1] == 46 && name.count == 3)
          return !isOwn && !goesOn(name)
        }
      }
      if isEnough { return }
    }
  }

  /// The corresponding C function is `clock_gettime` with `CLOCK_REALTIME`; `SPOOL_NOW` fixes it.
  package static func now() -> Timestamp {
    if let standIn { return standIn.now() }
    if let fixedNow { return fixedNow }
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  /// Nanoseconds that only ever grow; for time-outs. The corresponding C function is `clock_gettime`
  /// with `CLOCK_BOOTTIME`: a time-out goes on while the machine sleeps.
  package static func uptime() -> Int64 {
    if let standIn { return standIn.uptime() }
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// Nanoseconds for which the machine has slept since it was started. The corresponding C function is `clock_gettime` with
  /// `CLOCK_BOOTTIME` and with `CLOCK_MONOTONIC`.
  package static func slept() -> Int64 {
    if standIn != nil { return 0 }
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return uptime() - Int64(time.tv_sec) * 1_000_000_000 - Int64(time.tv_nsec)
  }

  /// A number without a pattern, below `bound`. The corresponding C function is `getrandom`.
  package static func random(below bound: Int) -> Int {
    if let standIn { return Int(standIn.random() % UInt64(bound)) }
    return Int.random(in: 0..<bound)
  }

  /// The corresponding C function is `getpid`.
  package static var processID: Int32 { standIn?.processID ?? ownProcessID }
  /// No process of ours goes on as its own copy: what is forked execs.
  private static let ownProcessID = getpid()

  /// Whether a path leads to a file that may be used so (R_OK, X_OK, F_OK). Follows symbolic links: for what lies outside a
  /// spool. The corresponding C function is `access`.
  package static func mayAccess(_ path: String, _ mode: Int32) -> Bool {
    if let standIn { return standIn.mayAccess(path, mode) }
    return access(path, mode) == 0
  }

  /// Whether a path leads to a regular file that may be executed. The corresponding C functions are `stat` and `access`.
  /// - Throws: where that cannot be told.
  package static func isProgram(_ path: String) throws(Errno) -> Bool {
    if let standIn { return standIn.mayAccess(path, X_OK) }
    var status = stat()
    if stat(path, &status) < 0 {
      let error = Errno(rawValue: errno)
      // A name that cannot be one is none.
      let isNone: [Errno] = [
        .noSuchFileOrDirectory, .notDirectory, .permissionDenied, .fileNameTooLong, .tooManySymbolicLinkLevels,
      ]
      if isNone.contains(error) { return false }
      throw error
    }
    return status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
  }

  /// A name as the kernel gives it, as text; bytes that are no UTF-8 are replaced.
  package static func text(_ raw: [CChar]) -> String {
    String(decoding: raw.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static let fixedNow = getenv("SPOOL_NOW").flatMap { Timestamp(rfc3339: String(cString: $0)) }

  private static func retrying<Result: SignedInteger>(_ call: () -> Result) throws(Errno) -> Result {
    while true {
      let result = call()
      if result >= 0 { return result }
      if errno != EINTR { throw Errno(rawValue: errno) }
    }
  }

  /// Does nothing for a moment, in which nothing can be waited for.
  static func pause(for span: Duration) {
    if let standIn { return standIn.sleep(atMost: span, watch: nil) }
    usleep(useconds_t(span.nanoseconds / 1000))
  }
}
