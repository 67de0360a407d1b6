import Glibc

/// Reads the journal's lines as they are written, over midnight.
public struct JournalReader {
  private let directory: Directory
  private var day = ""
  private var position = 0

  public init(directory: Directory) { self.directory = directory }

  /// The whole lines since the last call; the first call gives those of the last day.
  public mutating func next() throws(Failure) -> [String] {
    var lines: [String] = []
    let days = try directory.names().filter { $0.hasSuffix(".jsonl") }.sorted()
    for name in days where name >= day {
      if day.isEmpty && name != days.last { continue }
      if name != day {
        day = name
        position = 0
      }
      guard let file = try directory.open(name) else { continue }
      try file.seek(to: position)
      guard let bytes = try file.readAll(limit: 1 << 30), let end = bytes.lastIndex(of: 10) else { continue }
      position += end + 1
      lines += String(decoding: bytes[...end], as: UTF8.self).split(separator: "\n").map(String.init)
    }
    return lines
  }
}
