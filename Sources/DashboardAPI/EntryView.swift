import Spool

/// An entry, and what came of it, as far as a person reads that in a page.
struct EntryView: Encodable {
  struct Field: Encodable {
    var name: String
    var value: String
  }

  struct Content: Encodable {
    var header: [Field]
    var text: String
    /// There is more of it.
    var isCut: Bool
    var length: Int

    init(_ entry: Entry) {
      header = entry.header.lines.map { Field(name: $0.name, value: $0.value) }
      text = String(decoding: entry.body.prefix(EntryView.longest), as: UTF8.self)
      isCut = entry.body.count > EntryView.longest
      length = entry.body.count
    }
  }

  var queue: String
  var room: String
  var name: String
  /// Left out where it cannot be read.
  var entry: Content?
  var response: Content?
  /// The end of its log.
  var log: String?

  private static let longest = 262_144
  private static let longestLog = 65536

  init(_ place: Place, in queue: Queue) throws {
    self.queue = queue.name
    room = place.room.rawValue
    name = place.fileName
    entry = place.room == .bad ? nil : try queue.entry(at: place).map { Content($0) }
    response = try queue.response(place.name.id).map { Content($0) }
    if let file = try queue[.log].open("\(place.name.id).log") {
      let size = try file.status().size
      try file.seek(to: max(0, size - Self.longestLog))
      log = String(decoding: try file.readAll(size: min(size, Self.longestLog)), as: UTF8.self)
    }
  }
}
