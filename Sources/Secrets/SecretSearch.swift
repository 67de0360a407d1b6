/// One pass over one text: tries patterns at places, and remembers the runs it has measured, so that however many places lie
/// in one run, its characters are looked at once a set and direction.
struct SecretSearch {
  let bytes: UnsafeBufferPointer<UInt8>
  private var ahead: [Range<Int>]
  private var behind: [Range<Int>]

  /// - Parameter sets: how many sets the rules' patterns have.
  init(_ bytes: UnsafeBufferPointer<UInt8>, sets: Int) {
    self.bytes = bytes
    // A run at a place where none can be.
    ahead = Array(repeating: -1..<(-1), count: sets)
    behind = ahead
  }

  /// Where the secret lies whose pattern has its keyword at `place`.
  mutating func secret(of pattern: SecretPattern, at place: Int) -> Range<Int>? {
    var start = place
    var begins = pattern.secret.lowerBound == pattern.anchor ? place : nil
    for index in stride(from: pattern.anchor - 1, through: 0, by: -1) {
      guard let next = stepBack(pattern.steps[index], from: start, pattern.ignoresCase) else { return nil }
      start = next
      if index == pattern.secret.lowerBound { begins = start }
    }
    var end = place
    var ends: Int?
    for index in pattern.anchor..<pattern.steps.count {
      if index == pattern.secret.lowerBound { begins = end }
      guard let next = step(pattern.steps[index], from: end, pattern.ignoresCase) else { return nil }
      end = next
      if index + 1 == pattern.secret.upperBound { ends = end }
    }
    guard let begins, let ends, begins < ends, !splitsWord(at: begins), !splitsWord(at: ends) else { return nil }
    return begins..<ends
  }

  private func splitsWord(at place: Int) -> Bool {
    place > 0 && place < bytes.count && ByteSet.word.contains(bytes[place - 1]) && ByteSet.word.contains(bytes[place])
  }

  private mutating func step(_ step: SecretPattern.Step, from place: Int, _ ignoresCase: Bool) -> Int? {
    switch step {
    case .text(let texts, let isOptional):
      for text in texts where has(text, at: place, ignoresCase) { return place + text.count }
      return isOptional ? place : nil
    case .run(let set, let lengths, let number):
      let end = runEnd(of: set, number, from: place)
      return lengths.contains(end - place) ? end : nil
    case .notBefore(let set): return place < bytes.count && set.contains(bytes[place]) ? nil : place
    case .assignment(let quoted): return Assignment(bytes).end(from: place, quoted: quoted)
    case .block(let last): return KeyBlock(bytes).end(from: place, last: last)
    }
  }

  private mutating func stepBack(_ step: SecretPattern.Step, from place: Int, _ ignoresCase: Bool) -> Int? {
    switch step {
    case .text(let texts, let isOptional):
      for text in texts where has(text, at: place - text.count, ignoresCase) { return place - text.count }
      return isOptional ? place : nil
    case .run(let set, let lengths, let number):
      let start = runStart(of: set, number, upTo: place)
      return lengths.contains(place - start) ? start : nil
    case .notBefore, .assignment, .block: return nil
    }
  }

  private func has(_ text: [UInt8], at place: Int, _ ignoresCase: Bool) -> Bool {
    guard place >= 0, place + text.count <= bytes.count else { return false }
    for (offset, byte) in text.enumerated() {
      let here = bytes[place + offset]
      guard (ignoresCase ? here.folded : here) == byte else { return false }
    }
    return true
  }

  private mutating func runEnd(of set: ByteSet, _ number: Int, from place: Int) -> Int {
    let known = ahead[number]
    if known.lowerBound <= place, place <= known.upperBound { return known.upperBound }
    var end = place
    while end < bytes.count, set.contains(bytes[end]) { end += 1 }
    ahead[number] = place..<end
    return end
  }

  private mutating func runStart(of set: ByteSet, _ number: Int, upTo place: Int) -> Int {
    let known = behind[number]
    var start = place
    while start > 0, set.contains(bytes[start - 1]) {
      if known.lowerBound < start, start <= known.upperBound {
        start = known.lowerBound
        break
      }
      start -= 1
    }
    behind[number] = start..<place
    return start
  }
}
