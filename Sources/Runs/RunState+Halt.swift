import Spool

/// `halt`, and what it once was: why nothing more is begun, and how often it was begun anew.
extension RunState {
  public func halt() throws(Failure) -> Halt? {
    guard let file = try directory.open("halt") else { return nil }
    // What cannot be read stops the run as well: better than to go past it.
    return try Halt(parsing: file.readAll(limit: 65536) ?? [], of: file.path)
  }

  /// Says durably that nothing more is begun, unless that was said before. What undoes counts more than what parks.
  /// - Returns: what counts.
  @discardableResult
  public func stop(_ halt: Halt) throws(Failure) -> Halt {
    let temporary = ".halt.\(SpoolDirectory.processID)"
    try directory.unlink(temporary)
    let file = try directory.create(temporary)
    try file.write(halt.bytes)
    try file.sync()
    try file.close()
    var moved = try directory.move(temporary, to: directory, as: "halt")
    // What only parks is outranked by what undoes: a step that fails beside one that is to be tried again has failed.
    while moved == .targetExists, halt.kind.undoes, let other = try self.halt(), !other.kind.undoes {
      try resume(from: other)
      moved = try directory.move(temporary, to: directory, as: "halt")
    }
    // Also where it was found: who wrote it may have died before it was durable.
    try directory.sync()
    if moved == .done { queue.spool.journal.write("halt", queue: queue.name, id: id, detail: halt.spoken) }
    return try self.halt() ?? halt
  }

  /// Lets the run go on: its halt is history.
  func resume(from halt: Halt) throws(Failure) {
    let halts = try Directory.making("halts", in: directory)
    let number = try halts.names().count + 1
    _ = try directory.move("halt", to: halts, as: "\(number)-\(halt.kind.rawValue)")
    try halts.sync()
    try directory.sync()
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
