import Glibc
import Spool
import SystemPackage

/// The machine as the library's kernel.
extension Machine: KernelStandIn {
  /// One system call: its turn, its trace, its end.
  private func call<Result>(
    _ words: @autoclosure () -> String, _ work: () throws(Errno) -> Result
  ) throws(Errno) -> Result {
    try enter()
    do {
      let result = try work()
      if let trace { trace("\(current.label): \(words())") }
      return result
    } catch {
      if let trace { trace("\(current.label): \(words()) = \(error)") }
      throw error
    }
  }

  private func file(_ descriptor: FileDescriptor) throws(Errno) -> OpenFile {
    guard let file = current.descriptors[descriptor.rawValue] else { throw .badFileDescriptor }
    return file
  }

  private func directory(_ descriptor: FileDescriptor?) throws(Errno) -> Inode {
    guard let descriptor else { return disk.root }
    return try file(descriptor).inode
  }

  private func path(_ descriptor: FileDescriptor?, _ name: String = "") -> String {
    let above = descriptor.map { current.descriptors[$0.rawValue]?.inode.path ?? "?" } ?? ""
    return name.isEmpty ? above : above + "/" + name
  }

  /// The directory in which the last component lies, and that component.
  private func parent(of name: String, in start: FileDescriptor?) throws(Errno) -> (Inode, String) {
    var inode = try directory(start)
    if !name.utf8.contains(UInt8(ascii: "/")) { return (inode, name) }
    var parts = name.split(separator: "/")
    guard let last = parts.popLast() else { return (inode, ".") }
    for part in parts {
      guard let next = inode.children[String(part)] else { throw .noSuchFileOrDirectory }
      inode = next
    }
    return (inode, String(last))
  }

  private func fire(_ directory: Inode) {
    for process in processes {
      for number in process.watches.indices
      where process.watches[number].directories.contains(where: { $0 === directory }) {
        if isStruck(by: .silentWatch) { return }
        process.watches[number].hasFired = true
      }
    }
  }

  // MARK: Files

  func open(_ name: String, in start: FileDescriptor?, _ flags: Int32, mode: mode_t) throws(Errno) -> FileDescriptor {
    try call("open \(path(start, name))") { () throws(Errno) in
      if isStruck(by: .tooManyFiles) { throw .tooManyOpenFiles }
      if isStruck(by: .ioError) { throw .ioError }
      let (above, last) = try parent(of: name, in: start)
      let writes = flags & (O_WRONLY | O_RDWR) != 0
      if let inode = last == "." ? above : above.children[last] {
        if flags & O_CREAT != 0 && flags & O_EXCL != 0 { throw .fileExists }
        if inode.kind == .link { throw .tooManySymbolicLinkLevels }
        if flags & O_DIRECTORY != 0 && inode.kind != .directory { throw .notDirectory }
        return FileDescriptor(
          rawValue: current.open(inode, appends: flags & O_APPEND != 0, writes: writes))
      }
      guard flags & O_CREAT != 0 else { throw .noSuchFileOrDirectory }
      if isStruck(by: .noSpace) { throw .noSpace }
      let inode = try disk.make(.file, last, in: above, mode: mode, time: clock)
      return FileDescriptor(rawValue: current.open(inode, appends: flags & O_APPEND != 0, writes: writes))
    }
  }

  func memoryFile() throws(Errno) -> FileDescriptor {
    try call("memfd_create") { () throws(Errno) in
      if isStruck(by: .tooManyFiles) { throw .tooManyOpenFiles }
      let place = Inode.Place(directory: nil, name: "(memory)", changed: clock)
      let inode = Inode(number: 1, kind: .file, mode: 0o600, time: clock, place: place)
      memoryFiles.append(inode)
      return FileDescriptor(rawValue: current.open(inode, writes: true))
    }
  }

  func close(_ descriptor: FileDescriptor) throws(Errno) {
    // It makes no turn of its own: nothing that others see changes but a lock, which falls after our last call.
    guard !current.isDead, let file = current.descriptors.removeValue(forKey: descriptor.rawValue) else { return }
    let inode = file.inode
    let wrote = file.writes
    file.release()
    if wrote, let directory = inode.place.directory { fire(directory) }
    if isStruck(by: .ioError) { throw .ioError }
  }

  func read(_ descriptor: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    try call("read \(path(descriptor))") { () throws(Errno) in
      let file = try file(descriptor)
      if isStruck(by: .ioError) { throw .ioError }
      // Somebody may have cut the file short behind us.
      if file.offset >= file.inode.content.count { return 0 }
      let count = min(buffer.count, file.inode.content.count - file.offset)
      buffer.copyBytes(from: file.inode.content[file.offset..<file.offset + count])
      file.offset += count
      return count
    }
  }

  func write(_ descriptor: FileDescriptor, _ bytes: UnsafeRawBufferPointer) throws(Errno) -> Int {
    try call("write \(bytes.count) bytes to \(path(descriptor))") { () throws(Errno) in
      let file = try file(descriptor)
      if isStruck(by: .noSpace) { throw .noSpace }
      if isStruck(by: .ioError) { throw .ioError }
      let count = bytes.count > 1 && isStruck(by: .shortWrite) ? bytes.count / 2 : bytes.count
      let inode = file.inode
      let start = file.appends ? inode.content.count : file.offset
      while inode.content.count < start { inode.content.append(0) }
      inode.content.replaceSubrange(start..<min(inode.content.count, start + count), with: bytes.prefix(count))
      file.offset = start + count
      inode.modified = clock
      inode.changed = clock
      return count
    }
  }

  func sync(_ descriptor: FileDescriptor) throws(Errno) {
    try call("fsync \(path(descriptor))") { () throws(Errno) in
      let inode = try file(descriptor).inode
      if isStruck(by: .syncError) {
        if inode.kind == .file && inode.stored != inode.content { inode.lostPages = true }
        throw .ioError
      }
      disk.sync(inode)
    }
  }

  func syncFileSystem(of descriptor: FileDescriptor) throws(Errno) {
    try call("syncfs") { () throws(Errno) in
      _ = try file(descriptor)
      if isStruck(by: .syncError) { throw .ioError }
      disk.syncAll()
    }
  }

  func truncate(_ descriptor: FileDescriptor, to size: Int) throws(Errno) {
    try call("truncate \(path(descriptor)) to \(size)") { () throws(Errno) in
      let inode = try file(descriptor).inode
      if isStruck(by: .ioError) { throw .ioError }
      inode.content.removeLast(max(0, inode.content.count - size))
      // The pages that could not be written are gone; what is written in their place is written anew.
      if inode.content.count <= inode.stored?.count ?? 0 { inode.lostPages = false }
    }
  }

  func seek(_ descriptor: FileDescriptor, to offset: Int) throws(Errno) {
    if current.isDead { throw Machine.dead }
    try file(descriptor).offset = offset
  }

  // MARK: Names

  func rename(
    _ from: String, in source: FileDescriptor, to: String, in target: FileDescriptor, replacing: Bool
  ) throws(Errno) {
    try call("rename \(path(source, from)) to \(path(target, to))") { () throws(Errno) in
      let (here, there) = (try directory(source), try directory(target))
      if isStruck(by: .noSpace) { throw .noSpace }
      if isStruck(by: .ioError) { throw .ioError }
      try disk.rename(from, in: here, to: to, in: there, replacing: replacing, time: clock)
      stateChanges += 1
      if replacing, let inode = there.children[to] { onReplace?(inode.path, inode.content) }
      fire(there)
      if isStruck(by: .lyingRename) { throw .ioError }
    }
  }

  func unlink(_ name: String, in start: FileDescriptor, flags: Int32) throws(Errno) {
    try call("unlink \(path(start, name))") { () throws(Errno) in
      if isStruck(by: .ioError) { throw .ioError }
      try disk.unlink(name, in: directory(start), isDirectory: flags & AT_REMOVEDIR != 0, time: clock)
      stateChanges += 1
    }
  }

  func makeDirectory(_ name: String, in start: FileDescriptor?, mode: mode_t) throws(Errno) {
    try call("mkdir \(path(start, name))") { () throws(Errno) in
      if isStruck(by: .noSpace) { throw .noSpace }
      if isStruck(by: .ioError) { throw .ioError }
      let (above, last) = try parent(of: name, in: start)
      _ = try disk.make(.directory, last, in: above, mode: mode, time: clock)
      stateChanges += 1
    }
  }

  func symlink(_ target: String, as name: String, in start: FileDescriptor) throws(Errno) {
    try call("symlink \(path(start, name)) to \(target)") { () throws(Errno) in
      if isStruck(by: .noSpace) { throw .noSpace }
      if isStruck(by: .ioError) { throw .ioError }
      try disk.make(.link, name, in: directory(start), mode: 0o777, time: clock).target = target
      stateChanges += 1
    }
  }

  func readLink(_ name: String, in start: FileDescriptor?) throws(Errno) -> String {
    try call("readlink \(path(start, name))") { () throws(Errno) in
      if isStruck(by: .ioError) { throw .ioError }
      let (above, last) = try parent(of: name, in: start)
      guard let inode = above.children[last] else { throw .noSuchFileOrDirectory }
      guard inode.kind == .link else { throw .invalidArgument }
      return inode.target
    }
  }

  func list(_ descriptor: FileDescriptor) throws(Errno) -> [String] {
    try call("list \(path(descriptor))") { () throws(Errno) in
      if isStruck(by: .tooManyFiles) { throw .tooManyOpenFiles }
      if isStruck(by: .ioError) { throw .ioError }
      let names = try file(descriptor).inode.children.keys.sorted()
      guard names.count > 1 else { return names }
      // In no order, but the same for the same seed.
      let start = dice.roll(names.count)
      return Array(names[start...] + names[..<start])
    }
  }

  func status(_ descriptor: FileDescriptor) throws(Errno) -> FileStatus {
    try call("fstat \(path(descriptor))") { () throws(Errno) in
      if isStruck(by: .ioError) { throw .ioError }
      return try file(descriptor).inode.status
    }
  }

  func status(_ name: String, in start: FileDescriptor) throws(Errno) -> FileStatus {
    try call("stat \(path(start, name))") { () throws(Errno) in
      if isStruck(by: .ioError) { throw .ioError }
      let (above, last) = try parent(of: name, in: start)
      guard let inode = above.children[last] else { throw .noSuchFileOrDirectory }
      return inode.status
    }
  }

  func space(_ descriptor: FileDescriptor) throws(Errno) -> FileSystemSpace {
    try call("statvfs") { () throws(Errno) in
      if isStruck(by: .ioError) { throw .ioError }
      let free: UInt64 = isStruck(by: .noSpace) ? 1 << 20 : 1 << 38
      return FileSystemSpace(totalBytes: 1 << 40, freeBytes: free, totalInodes: 0, freeInodes: 0)
    }
  }

  func setModified(_ descriptor: FileDescriptor, _ time: Timestamp) throws(Errno) {
    try call("utimens \(path(descriptor)) \(time.rfc3339)") { () throws(Errno) in
      if isStruck(by: .ioError) { throw .ioError }
      let inode = try file(descriptor).inode
      inode.modified = time
      inode.changed = clock
      if let directory = inode.place.directory { fire(directory) }
    }
  }

  func mayAccess(_ path: String, _ mode: Int32) -> Bool { programs[path] != nil || installed.contains(path) }

  // MARK: Locks

  func lock(_ descriptor: FileDescriptor, _ operation: Int32) throws(Errno) {
    let file = try file(descriptor)
    if operation & LOCK_UN != 0 {
      // As close: it makes no turn of its own.
      if current.isDead { throw Machine.dead }
      if file.inode.holder === file { file.inode.holder = nil }
      return
    }
    try call("flock \(path(descriptor))") { () throws(Errno) in
      while let holder = file.inode.holder, holder !== file {
        if operation & LOCK_NB != 0 { throw .wouldBlock }
        suspend(.locking(file.inode))
        if current.isDead { throw Machine.dead }
      }
      file.inode.holder = file
    }
  }

  func leaseForReading(_ descriptor: FileDescriptor) throws(Errno) {
    try call("lease \(path(descriptor))") { () throws(Errno) in
      if isStruck(by: .noLease) { throw .invalidArgument }
      if try file(descriptor).inode.writers > 0 { throw .wouldBlock }
    }
  }

  // MARK: Time and chance

  func now() -> Timestamp { clock }
  func uptime() -> Int64 { time }
  func random() -> UInt64 { dice.next() }
  var processID: Int32 { current.id }

  func watch(_ directories: [FileDescriptor]) -> Int {
    current.watches.append((directories.compactMap { current.descriptors[$0.rawValue]?.inode }, false))
    return current.watches.count - 1
  }

  func sleep(atMost limit: Duration?, watch: Int?) {
    guard !current.isDead else { return }
    // Beyond any time-out of a run.
    let span = limit?.nanoseconds ?? 86_400_000_000_000
    if let trace { trace("\(current.label): sleeps") }
    suspend(.sleeping(until: time + max(span, 1000), watch: watch))
    if let watch, !current.isDead { current.watches[watch].hasFired = false }
  }

  func pendingSignal() -> Int32? {
    // Who only waits, and asks for nothing else, learns of its death here.
    if current.isDead { return 9 }
    guard !current.signals.isEmpty else { return nil }
    return current.signals.removeFirst()
  }

  // MARK: Children

  func spawn(
    _ path: String, arguments: [String], environment: [String: String], input: FileDescriptor?, lock: FileDescriptor?
  ) throws(Errno) -> Int32 {
    try call("spawn \(path)") { () throws(Errno) in
      if isStruck(by: .tooManyFiles) { throw .tooManyOpenFiles }
      guard let program = programs[path] else { throw .noSuchFileOrDirectory }
      let bytes = try input.map { input throws(Errno) in try file(input).inode.content } ?? []
      let inherited = try lock.map { lock throws(Errno) in try file(lock) }
      let name = String(path.split(separator: "/").last ?? "")
      let child = start(name, parent: current) { [unowned self] process in
        program(
          self, Invocation(process: process, arguments: arguments, environment: environment, input: bytes))
      }
      if let inherited {
        inherited.references += 1
        child.descriptors[9] = inherited
      }
      return child.id
    }
  }

  func wait(for number: Int32, until deadline: Int64?) -> SimulatedEnd {
    var end = SimulatedEnd()
    guard let child = current.children.first(where: { $0.id == number }) else { return end }
    while !current.isDead && !child.isDead && !child.hasEnded {
      suspend(.waiting(for: child, until: deadline))
      guard !current.isDead, !child.isDead, !child.hasEnded else { break }
      if let signal = pendingSignal() {
        end.stoppedBy = signal
        kill(child)
      } else if let deadline, time >= deadline {
        end.timedOut = true
        kill(child)
      }
    }
    end.status = child.status
    end.output = child.output
    return end
  }
}
