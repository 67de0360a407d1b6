/// Finds which keywords occur where, in any case of letters, in one pass: by their first two characters, then the rest.
struct KeywordFinder: Sendable {
  private struct Entry {
    var text: [UInt8]
    var owner: Int
    var follows: (set: ByteSet, count: Int)

    /// Whether what must follow may be there: its middle and its end are looked at, which sorts out most places at once.
    func isPlausible(_ bytes: UnsafeBufferPointer<UInt8>, at place: Int) -> Bool {
      guard follows.count > 0 else { return true }
      let start = place + text.count
      return start + follows.count <= bytes.count && follows.set.contains(bytes[start + follows.count / 2])
        && follows.set.contains(bytes[start + follows.count - 1])
    }
  }

  /// For two characters, which bucket; 0 is none.
  private var buckets = [UInt16](repeating: 0, count: 65536)
  private var entries: [[Entry]] = [[]]

  mutating func add(_ keyword: [UInt8], before follows: (set: ByteSet, count: Int), of owner: Int) {
    let text = keyword.map(\.folded)
    let pair = Int(text[0]) << 8 | Int(text[1])
    if buckets[pair] == 0 {
      buckets[pair] = UInt16(entries.count)
      entries.append([])
    }
    entries[Int(buckets[pair])].append(Entry(text: text, owner: owner, follows: follows))
  }

  /// Calls `found` with each occurrence's place and its keyword's owner, by rising places.
  func forEach(in bytes: UnsafeBufferPointer<UInt8>, _ found: (_ place: Int, _ owner: Int) -> Void) {
    guard bytes.count >= 2 else { return }
    buckets.withUnsafeBufferPointer { buckets in
      var first = Int(bytes[0].folded)
      for place in 0..<(bytes.count - 1) {
        let second = Int(bytes[place + 1].folded)
        let bucket = Int(buckets[first << 8 | second])
        first = second
        guard bucket != 0 else { continue }
        for entry in entries[bucket] where Self.has(entry.text, bytes, at: place) && entry.isPlausible(bytes, at: place)
        {
          found(place, entry.owner)
        }
      }
    }
  }

  private static func has(_ text: [UInt8], _ bytes: UnsafeBufferPointer<UInt8>, at place: Int) -> Bool {
    guard place + text.count <= bytes.count else { return false }
    var offset = 2
    while offset < text.count {
      guard bytes[place + offset].folded == text[offset] else { return false }
      offset += 1
    }
    return true
  }
}
