/// Cuts a stream into lines. A line over the limit is dropped whole and counted; nothing else is kept of it.
struct LineSplitter {
  /// Well above the longest line seen in the field (a tool's result of some MB).
  static let limit = 64 << 20

  private var pending: [UInt8] = []
  private var isSkipping = false
  private(set) var dropped = 0

  /// Takes a piece; returns the lines that it completes.
  mutating func feed(_ piece: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    var lines: [ArraySlice<UInt8>] = []
    var rest = piece
    while let end = rest.firstIndex(of: 10) {
      if isSkipping {
        isSkipping = false
      } else if pending.isEmpty {
        lines.append(rest[..<end])
      } else {
        pending += rest[..<end]
        lines.append(pending[...])
      }
      pending = []
      rest = rest[(end + 1)...]
    }
    guard !isSkipping else { return lines }
    pending += rest
    if pending.count > Self.limit {
      dropped += 1
      isSkipping = true
      pending = []
    }
    return lines
  }

  /// The last line, where no newline ended it.
  mutating func finish() -> [ArraySlice<UInt8>] {
    defer { pending = [] }
    return pending.isEmpty || isSkipping ? [] : [pending[...]]
  }
}
