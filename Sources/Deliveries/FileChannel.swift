import Glibc
import Spool

/// The channel `file`: appends the ID, the subject and the text to a file, under its lock. The same ID is
/// appended once; a record that a power cut tore is completed.
public struct FileChannel {
  public var path: String
  public var id: EntryID
  public var subject: String?
  public var text: [UInt8]
  /// An earlier attempt may have written it: then it is looked for in the whole file. Else the end is enough, which may be torn:
  /// a file that grows and grows is not read for each message.
  public var isRepeat: Bool

  public init(path: String, id: EntryID, subject: String?, text: [UInt8], isRepeat: Bool = true) {
    self.path = path
    self.id = id
    self.subject = subject
    self.text = text
    self.isRepeat = isRepeat
  }

  /// So much of the end is read in any case; more, where our own record is longer.
  private static let tail = 65536

  private var headLine: [UInt8] { Array("=== \(id)".utf8) }

  private var record: [UInt8] {
    headLine + Array((subject.map { " " + $0.printable } ?? "").utf8) + [10] + text + (text.last == 10 ? [] : [10]) + [
      10
    ]
  }

  /// - Returns: the receipt.
  /// - Throws: `.io` only where some of it may have been written.
  public func append() throws(Failure) -> String {
    let place: Place
    do { place = try findPlace() } catch {
      var failure = error
      if failure.status == .io { failure.status = .tryAgain }
      throw failure
    }
    defer { place.file.unlock() }
    return try append(at: place)
  }

  /// Where it goes: the file, locked, and what was found in it.
  private struct Place {
    var file: File
    var parent: Directory
    var base: Int
    var end: Int
    var found: Found
    var needsNewline: Bool
  }

  private func findPlace() throws(Failure) -> Place {
    let slash = path.lastIndex(of: "/") ?? path.startIndex
    let parent = try Directory.following(path: slash == path.startIndex ? "/" : String(path[..<slash]))
    let file: File
    do {
      file = File(try Kernel.open(path, in: nil, O_RDWR | O_CREAT | O_NONBLOCK, mode: 0o600), path: path)
    } catch { throw Failure(error, path, "open") }
    guard try file.status().isRegular else { throw Failure(.cannotCreate, path, "is no regular file") }
    try file.lock()
    let size = try file.status().size
    let base = isRepeat ? 0 : max(0, size - Self.tail - 2 * text.count)
    try file.seek(to: base)
    guard let bytes = try file.readAll(limit: 1 << 30) else {
      throw Failure(.cannotCreate, path, "is longer than 1 GiB", do: "move it away; a new one is begun")
    }
    return Place(
      file: file, parent: parent, base: base, end: base + bytes.count, found: find(in: bytes, isWhole: base == 0),
      needsNewline: bytes.last.map { $0 != 10 } ?? false)
  }

  private func append(at place: Place) throws(Failure) -> String {
    let (file, parent, base) = (place.file, place.parent, place.base)
    var record = record
    var offset = place.end
    switch place.found {
    case .whole(let start):
      // Found: who wrote it may have died before it was durable.
      try file.sync()
      try parent.sync()
      return "\(path): \(record.count) bytes at \(base + start), there already"
    case .torn(let start): offset = base + start
    case .none: if place.needsNewline { record.insert(10, at: 0) }
    }
    try file.truncate(to: offset)
    try file.seek(to: offset)
    do {
      try file.write(record)
      try file.sync()
    } catch {
      // A torn record must not stay in the middle: the next one would be appended behind it.
      try? file.truncate(to: offset)
      throw error
    }
    try parent.sync()
    return "\(path): \(record.count) bytes at \(offset)"
  }

  private enum Found {
    case whole(Int)
    case torn(Int)
    case none
  }

  /// Looks for our record at the beginnings of lines. Torn is only what the file ends with; what was torn and has
  /// another record behind it stays, and ours is appended whole.
  /// - Parameter isWhole: whether they begin with a line's beginning.
  private func find(in bytes: [UInt8], isWhole: Bool) -> Found {
    guard bytes[...].holds(headLine) else { return .none }
    let record = record
    var start = 0
    if !isWhole {
      guard let end = bytes.firstIndex(of: 10) else { return .none }
      start = end + 1
    }
    while start < bytes.count {
      if bytes[start...].starts(with: record) { return .whole(start) }
      // Torn by no more than its blank line, and another record behind it.
      if bytes.count > start + record.count, bytes[start...].starts(with: record.dropLast()) { return .whole(start) }
      if bytes[start...].starts(with: headLine), record.starts(with: bytes[start...]) { return .torn(start) }
      guard let end = bytes[start...].firstIndex(of: 10) else { return .none }
      start = end + 1
    }
    return .none
  }
}
