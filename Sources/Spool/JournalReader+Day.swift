import CLinux

extension JournalReader {
  /// The lines of one day that contain any of some words, in their order.
  ///
  /// Lines stand in the order of their times, but for what several processes write at one moment; so where to begin is found by
  /// halving, and blocks without the words are passed over in one look.
  /// - Parameters:
  ///   - day: `2026-11-26`.
  ///   - first: Lines from before this are left out, about.
  ///   - last: So are blocks of lines from behind this; nil: to the end.
  ///   - budget: No more bytes are read than this; what is left of it.
  public static func lines(
    of day: String, in directory: Directory, from first: Timestamp, to last: Timestamp?, containing words: [String],
    budget: inout Int
  ) throws(Failure) -> [String] {
    guard let file = try JournalFeed.open(day, in: directory) else { return [] }
    let status = try file.status()
    guard !words.isEmpty else { return [] }
    let wanted = words.map { Array($0.utf8) }
    var found: [String] = []
    var offset = try start(in: file, size: status.size, from: (first - disorder).rfc3339)
    let last = last.map { ($0 + disorder).rfc3339 }
    while offset < status.size, budget > 0 {
      try file.seek(to: offset)
      let bytes = try file.readAll(size: min(block, status.size - offset))
      budget -= bytes.count
      guard let end = bytes.lastIndex(of: 10) else {
        if bytes.count < block { break }
        offset += bytes.count
        continue
      }
      offset += end + 1
      let whole = bytes[...end]
      if let last, let time = time(of: whole), time > last { break }
      guard wanted.contains(where: { whole.contains(all: $0) }) else { continue }
      for line in whole.split(separator: 10) where wanted.contains(where: { line.contains(all: $0) }) {
        found.append(String(decoding: line, as: UTF8.self))
      }
    }
    return found
  }

  private static let disorder = Duration.seconds(60)
  /// Several of the longest lines that are usual.
  private static let probe = 1 << 14

  /// Where the first line may begin that is not from before a time.
  private static func start(in file: File, size: Int, from first: String) throws(Failure) -> Int {
    var (low, high) = (0, size)
    while high - low > probe * 4 {
      let middle = (low + high) / 2
      try file.seek(to: middle)
      let bytes = try file.readAll(size: probe)
      guard let newline = bytes.firstIndex(of: 10) else { return low }
      let rest = bytes[(newline + 1)...]
      guard let end = rest.firstIndex(of: 10), let time = time(of: rest[...end]) else {
        return low
      }
      if time < first { low = middle + newline + 1 } else { high = middle }
    }
    return low
  }

  /// Of the first line. A quote within a value has a backslash before it.
  static func time(of lines: ArraySlice<UInt8>) -> Substring? {
    guard let end = lines.firstIndex(of: 10) else { return nil }
    let line = String(decoding: lines[..<end], as: UTF8.self)
    guard let key = line.ranges(of: ",\"time\":\"").first else { return nil }
    return line[key.upperBound...].prefix { $0 != "\"" }
  }
}

extension ArraySlice<UInt8> {
  /// By memmem(3).
  func contains(all words: [UInt8]) -> Bool {
    withUnsafeBytes { bytes in
      words.withUnsafeBytes { clinux_contains(bytes.baseAddress, bytes.count, $0.baseAddress, $0.count) != 0 }
    }
  }
}
