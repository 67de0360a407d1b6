import Glibc

/// Something that a step made.
public struct Product: Sendable {
  /// Where it goes.
  public enum Destination: Sendable {
    /// `re/ID` of the same queue.
    case response
    /// Another queue, as an entry with the same ID.
    case queue(String)
  }
  public var destination: Destination
  public var header: Header
  public var body: [UInt8]

  public init(_ destination: Destination, header: Header = Header(), body: [UInt8]) {
    self.destination = destination
    self.header = header
    self.body = body
  }
}

extension Queue {
  /// The first beat of a finish: the products, complete, in `out/ID/`. Its rename is the moment of truth.
  func commit(_ products: [Product], of id: EntryID) throws(Failure) {
    let building = "\(id).\(Kernel.processID)"
    try removeTree(building, in: .tmp)
    let directory = try Directory.making(building, in: self[.tmp], isLitter: true)
    var children = 0
    for product in products {
      var header = product.header
      let fileName: String
      var productID = id
      switch product.destination {
      case .response:
        fileName = "re"
        header["Re"] = id.description
      case .queue(let next):
        // The first has its source's ID; further ones are its children.
        if children > 0 { productID = id.child(children) }
        children += 1
        fileName = productID.description
        header["To"] = next
      }
      if header["From"] == nil { header["From"] = name }
      let file = try directory.create(fileName)
      try file.write(Entry(id: productID, header: header, body: product.body).bytes())
      try file.sync()
      try file.close()
    }
    try directory.sync()
    switch try self[.tmp].move(building, to: self[.out], as: id.description) {
    case .done: break
    case .targetExists: try removeTree(building, in: .tmp)  // done before; what is there counts
    case .sourceGone:
      throw Failure(.tryAgain, "\(name)/tmp/\(building)", "was removed before it could be committed", do: "try again")
    }
    try self[.out].sync()
  }

  /// The second beat: the source leaves `run/` (or `hold/`) for `done/`.
  func retire(_ fileName: String, in room: Room, id: EntryID) throws(Failure) {
    try moveToDone(fileName, in: room, id: id)
    try self[.done].sync()
  }

  /// The caller fsyncs `done/`.
  func moveToDone(_ fileName: String, in room: Room, id: EntryID) throws(Failure) {
    switch try self[room].move(fileName, to: self[.done], as: id.description) {
    case .done: break
    case .sourceGone:
      throw Failure(
        .no, "\(name)/\(room.rawValue)/\(fileName)", "was moved by somebody before it was finished",
        do: "its product stays in \(name)/out/\(id)/; spool check \(name) says how to mend it")
    case .targetExists:
      throw Failure(
        .software, "\(name)/done/\(id)", "exists beside \(room.rawValue)/\(fileName)", do: "run spool check \(name)")
    }
  }

  /// The third beat: each product to its place, then the empty `out/ID` goes. What has no place stays, and
  /// is said; the source is done all the same.
  func handOver(_ id: EntryID) throws(Failure) {
    guard let status = try self[.out].status(id.description) else { return }
    guard status.isDirectory else {
      spool.notice("\(name)/out/\(id): is a \(status.kind), not a directory: run spool check \(name)")
      return
    }
    let products = try Directory(id.description, in: self[.out])
    for fileName in try products.names().sorted() {
      guard let (target, targetName) = try destination(of: fileName, in: products, id: id) else { continue }
      switch try products.move(fileName, to: target, as: targetName) {
      case .done, .sourceGone: try target.sync()
      case .targetExists:
        throw Failure(
          .software, "\(target.path)/\(targetName)", "exists beside \(products.path)/\(fileName)",
          do: "run spool check \(name)")
      }
    }
    try self[.out].removeDirectory(id.description)
  }

  private func destination(
    of fileName: String, in products: Directory, id: EntryID
  ) throws(Failure) -> (Directory, String)? {
    if fileName == "re" { return (try self[.re], id.description) }
    func stays(_ why: String) -> (Directory, String)? {
      spool.notice("\(name)/out/\(id)/\(fileName): \(why): run spool work \(name) --to QUEUE, or mv it to its new/")
      return nil
    }
    guard let file = try products.open(fileName) else { return nil }
    let entry: Entry
    do { entry = try read(file, expecting: nil) } catch { return stays(error.why) }
    guard let to = entry.header["To"] ?? next else { return stays("its header names no queue (To)") }
    do { return (try spool.queue(to)[.new], fileName) } catch { return stays("\(to): \(error.why)") }
  }

  /// Hands over what a dead worker left in `out/`. It may have moved a product already and died before that was
  /// durable, and nothing tells where to: so everything is flushed before the trace of it goes.
  func handOverFound(_ id: EntryID) throws(Failure) {
    try self[.out].syncFileSystem()
    try handOver(id)
  }

  /// Finishes an entry whose product was found in `out/`; the caller holds its lock.
  func finishFound(_ entry: EntryName, in room: Room) throws(Failure) {
    try self[.out].sync()
    try retire(entry.description, in: room, id: entry.id)
    try handOverFound(entry.id)
    spool.journal.write("done", queue: name, id: entry.id, detail: "finished from out/")
  }

  /// Removes a directory that a tool built in `tmp/`, with its files.
  func removeTree(_ fileName: String, in room: Room) throws(Failure) {
    guard try self[room].status(fileName)?.isDirectory == true else { return }
    let directory = try Directory(fileName, in: self[room])
    for inner in try directory.names() { try directory.unlink(inner) }
    try self[room].removeDirectory(fileName)
  }
}
