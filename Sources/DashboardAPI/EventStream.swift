import Spool

/// A reader of `/api/events`. What it has not taken yet stays where it is, in the journal: it has a position, and credit.
struct EventStream {
  var position: JournalPosition
  /// Sent, and not taken yet.
  var ahead = 0
  /// When it took something last; an uptime in nanoseconds.
  var tookAt = Kernel.uptime()
  /// Of the token by which it was let in.
  let mark: String

  /// What may be under way to one reader.
  static let mostAhead = 262_144
  /// Who takes nothing for so long is given up.
  static let patience = Duration.seconds(60)

  init(from position: JournalPosition, mark: String) {
    self.position = position
    self.mark = mark
  }

  static func words(_ lines: [JournalFeed.Line]) -> [UInt8] {
    var bytes: [UInt8] = []
    for line in lines {
      bytes += "id: \(line.end)\nevent: journal\ndata: ".utf8
      bytes += line.bytes
      bytes += [10, 10]
    }
    return bytes
  }

  /// The first words: where it begins, so that a reader to whom nothing has come knows from where to go on.
  var greeting: [UInt8] { Array(": the journal\nid: \(position)\n\n".utf8) }

  /// That we live.
  static let comment = Array(": \n\n".utf8)
}
