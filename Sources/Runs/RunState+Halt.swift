import Spool

/// `halt`, and what it once was: why nothing more is begun, and how often it was begun anew.
extension RunState {
  public func halt() throws(Failure) -> Halt? {
    guard let file = try directory.open("halt") else { return nil }
    // What cannot be read stops the run as well: better than to go past it.
    return try Halt(parsing: file.readAll(limit: 65536) ?? [], of: file.path)
  }

  /// Says durably that nothing more is begun, unless that was said before. What undoes counts more than what parks: a step that fails
  /// beside one that is to be tried again has failed.
  /// - Returns: what counts.
  @discardableResult
  public func stop(_ halt: Halt) throws(Failure) -> Halt {
    let lock = try lockHalt()
    defer { lock.unlock() }
    let before = try self.halt()
    if let before, before.kind.undoes || !halt.kind.undoes {
      // Found: who wrote it may have died before it was durable.
      try directory.sync()
      return before
    }
    // What came of undoing an earlier one is nothing of this one.
    if halt.kind.undoes { try setUndoing(nil) }
    // At no moment is there none, where there was one.
    if let before { try keepInHistory(before) }
    try directory.replace("halt", with: halt.bytes, mode: 0o440)
    queue.spool.journal.write("halt", queue: queue.name, id: id, detail: halt.spoken)
    return halt
  }

  /// Lets the run go on: its halt is history. Where another one counts by now, that stays.
  func resume(from halt: Halt) throws(Failure) {
    let lock = try lockHalt()
    defer { lock.unlock() }
    guard let now = try self.halt(), now.kind == halt.kind, now.time.rfc3339 == halt.time.rfc3339 else { return }
    try keepInHistory(now)
    try directory.unlink("halt")
    try directory.sync()
  }

  private func lockHalt() throws(Failure) -> File {
    let lock = try directory.openOrCreate(".halt.lock")
    try lock.lock()
    return lock
  }

  private func keepInHistory(_ halt: Halt) throws(Failure) {
    let halts = try Directory.making("halts", in: directory)
    let names = try halts.names().filter { !$0.hasPrefix(".") }
    // Killed before the halt itself was gone, it is there already.
    for name in names.filter({ $0.hasSuffix("-\(halt.kind.rawValue)") }) {
      if let file = try halts.open(name), try file.readAll(limit: 65536) == halt.bytes { return }
    }
    try halts.replace("\(names.count + 1)-\(halt.kind.rawValue)", with: halt.bytes, mode: 0o440)
  }

  /// The halts that are history, oldest first.
  public func earlierHalts() throws(Failure) -> [Halt] {
    guard try directory.status("halts")?.isDirectory == true else { return [] }
    let halts = try Directory("halts", in: directory)
    var found: [(Int, Halt)] = []
    for name in try halts.names() {
      guard let number = name.split(separator: "-").first.flatMap({ Int($0) }), let file = try halts.open(name),
        let bytes = try file.readAll(limit: 65536)
      else { continue }
      found.append((number, try Halt(parsing: bytes, of: file.path)))
    }
    return found.sorted { $0.0 < $1.0 }.map(\.1)
  }

  /// From 1; one more for each time that the run was undone and then begun again.
  func generation() throws(Failure) -> Int { try 1 + earlierHalts().count { $0.kind.undoes } }

  /// What its steps' default keys begin with: what was undone is done anew, not found done.
  func keyPrefix() throws(Failure) -> String {
    let generation = try generation()
    return generation == 1 ? id.description : "\(id)~\(generation)"
  }

  /// When the run is to be over: as it was begun with, or as it was begun anew since.
  func deadline(of request: RunRequest) throws(Failure) -> Timestamp? {
    guard let given = request.deadline else { return nil }
    guard let file = try directory.open("deadline"), let bytes = try file.readAll(limit: 100) else { return given }
    return Timestamp(rfc3339: String(decoding: bytes, as: UTF8.self)) ?? given
  }

  /// Begun anew, it has its whole time again.
  func renewDeadline() throws(Failure) {
    guard let entry = try queue.entry(id), let given = entry.header["Deadline"].flatMap({ Timestamp(rfc3339: $0) })
    else {
      return
    }
    try directory.replace("deadline", with: Array((Timestamp.now + (given - id.time)).rfc3339.utf8))
  }
}
