extension JournalReader {
  /// What a reader makes of a line.
  public enum Verdict: Sendable { case take, leave, stop }

  /// The last lines that are taken, in their order; `next` goes on behind them. Read in blocks from the end back, over as many
  /// days as it takes: what it costs grows with how far back they lie, not with the journal.
  /// - Parameters:
  ///   - words: What each of them contains, as it stands in the file; blocks without it are passed over in one look.
  ///   - since: Lines from before this do not count, and need not be looked at.
  ///   - limit: No more bytes are read than this, about.
  ///   - judge: `stop`: this one is not taken, and nothing before it.
  public mutating func last(
    _ count: Int, containing words: String? = nil, since: Timestamp? = nil, atMost limit: Int = .max,
    judge: (String) -> Verdict = { _ in .take }
  ) throws(Failure) -> [String] {
    let days = try feed.days()
    let today = JournalFeed.day(of: .now)
    // The file of a day that is still to come is read, and not waited at.
    let followed = days.last { $0 <= today }
    position = followed.map { JournalPosition(day: $0, offset: 0) } ?? .beginning
    let first = since?.rfc3339
    var found: [String] = []
    var isOver = count <= 0
    var left = limit
    for day in days.reversed() {
      if let first, day < first.prefix(10) { isOver = true }
      if isOver || left <= 0, day != followed {
        if day < followed ?? "" { break }
        continue
      }
      guard let file = try JournalFeed.open(day, in: feed.directory) else { continue }
      let status = try file.status()
      var lines = LinesFromEnd(file: file, size: status.size, words: words.map { Array($0.utf8) })
      try lines.findEnd()
      if day == followed { position = JournalPosition(DayPlace(day: day, offset: lines.end, inode: status.inode)) }
      while !isOver, left > 0 {
        let end = lines.end
        guard let block = try lines.next() else { break }
        left -= end - lines.end
        if block.isPassed {
          if let first, let time = JournalReader.time(of: block.bytes), time < first { isOver = true }
          continue
        }
        for line in block.bytes.split(separator: 10).reversed() {
          let text = String(decoding: line, as: UTF8.self)
          switch judge(text) {
          case .take: found.append(text)
          case .leave: continue
          case .stop: isOver = true
          }
          isOver = isOver || found.count >= count
          if isOver { break }
        }
      }
    }
    return found.reversed()
  }
}

/// A file's lines from its end back, a block at a time.
private struct LinesFromEnd {
  let file: File
  /// What begins here was given, or is no whole line.
  var end: Int
  let words: [UInt8]?
  /// Small at first: who wants the last ten lines reads no more.
  private var step = 1 << 14

  init(file: File, size: Int, words: [UInt8]?) {
    self.file = file
    end = size
    self.words = words
  }

  /// Behind the last newline: the bytes after it are a line that is still being written.
  mutating func findEnd() throws(Failure) {
    while end > 0 {
      let (start, bytes) = try before(end)
      if let newline = bytes.lastIndex(of: 10) {
        end = start + newline + 1
        return
      }
      end = start
    }
  }

  /// The lines of the block before; nil at the beginning.
  mutating func next() throws(Failure) -> (bytes: ArraySlice<UInt8>, isPassed: Bool)? {
    if end <= 0 { return nil }
    let (start, bytes) = try before(end)
    let isWidest = step == JournalReader.block
    step = min(step * 4, JournalReader.block)
    var whole = bytes[...]
    if start > 0 {
      // It begins with a line's rest: that line is the last one of the block before. Where it has no beginning it is longer than any
      // of ours.
      guard let newline = bytes.dropLast().firstIndex(of: 10) else {
        if isWidest { end = start }
        return ([], true)
      }
      whole = bytes[(newline + 1)...]
      end = start + newline + 1
    } else {
      end = 0
    }
    return (whole, words.map { !whole.contains(all: $0) } ?? false)
  }

  private func before(_ end: Int) throws(Failure) -> (start: Int, bytes: [UInt8]) {
    let start = max(0, end - step)
    try file.seek(to: start)
    return (start, try file.readAll(size: end - start))
  }
}
