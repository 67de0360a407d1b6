/// Where sentences begin and end, and what between them is passed over.
extension TurnScan {
  /// One of `.!?`: it ends the sentence if nothing but space or a closing mark follows.
  mutating func mark() {
    let first = at
    var isQuestion = false
    var isExclamation = false
    while at < end, reader.roles[Int(bytes[at])] == Letters.Role.end {
      isQuestion = isQuestion || bytes[at] == UInt8(ascii: "?")
      isExclamation = isExclamation || bytes[at] == UInt8(ascii: "!")
      at += 1
    }
    let last = at
    while at < end, Self.closing.contains(bytes[at]) { at += 1 }
    guard at == end || Letters.isSpace(bytes[at]) else {
      at = last
      return
    }
    if bytes[first] == UInt8(ascii: "."), last == first + 1, first == wordEnd, Self.abbreviations.contains(lastWord) {
      return
    }
    finishSentence(at, isQuestion ? .question : isExclamation ? .exclamation : nil)
  }

  /// Words whose full stop ends nothing.
  private static let abbreviations = [WordHash("e.g"), WordHash("i.e"), WordHash("vs")]
  private static let closing = Array(#")]}"'*"#.utf8)

  mutating func finishSentence(_ stop: Int, _ mark: Phrase.Mark?) {
    if !match.isEmpty {
      said += stop - sentence
      match.finish(mark, end: stop)
      takeIn(stop)
      if !match.hits.isEmpty { find(stop) }
      isFirstSentence = false
      match.begin()
    }
    sentence = stop
  }

  /// What is passed over lies between two sentences, and the second is not the one after the first.
  private mutating func interrupt() {
    finishSentence(at, nil)
    waiting.removeAll(keepingCapacity: true)
  }

  /// At the beginning of a line: quotes, fences and ignored lines are passed over, a bullet is.
  mutating func beginLine() {
    while at < end {
      var start = at
      while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
      guard start < end else { break }
      switch bytes[start] {
      case UInt8(ascii: "`"), UInt8(ascii: "~"):
        guard bytes.holds([bytes[start], bytes[start], bytes[start]], at: start) else { return begin(start) }
        interrupt()
        skipFence(start)
      case UInt8(ascii: ">") where start + 1 < end && Letters.isSpace(bytes[start + 1]):
        interrupt()
        skipLine()
      default:
        if let block = rules.ignored.block(bytes, at: start, isTag: false), let end = blockEnd(block) {
          interrupt()
          at = end
        } else if rules.ignored.hasLine(bytes, at: start) {
          interrupt()
          skipLine()
        } else {
          return begin(bullet(start))
        }
      }
    }
  }

  private mutating func begin(_ start: Int) {
    at = start
    sentence = start
  }

  private mutating func skipLine() { at = min(bytes.lineEnd(from: at) + 1, bytes.count) }

  /// Behind `- `, `* `, `+ `, `# ` or `12. ` if that is what stands at `start`.
  private func bullet(_ start: Int) -> Int {
    var place = start
    switch bytes[start] {
    case UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "+"): place += 1
    case UInt8(ascii: "#"):
      while place < end, bytes[place] == UInt8(ascii: "#") { place += 1 }
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      while place < end, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[place]) { place += 1 }
      guard place < end, bytes[place] == UInt8(ascii: ".") || bytes[place] == UInt8(ascii: ")") else { return start }
      place += 1
    default: return start
    }
    guard place < end, bytes[place] == 0x20 || bytes[place] == 0x09 else { return start }
    while place < end, bytes[place] == 0x20 || bytes[place] == 0x09 { place += 1 }
    return place
  }

  /// To the line that closes it with at least as many of the same mark; one that is never closed goes on to the end.
  private mutating func skipFence(_ start: Int) {
    let mark = bytes[start]
    func length(_ start: Int) -> Int {
      var place = start
      while place < bytes.count, bytes[place] == mark { place += 1 }
      return place - start
    }
    let opened = length(start)
    var line = bytes.lineEnd(from: start) + 1
    while line < bytes.count {
      let next = bytes.lineEnd(from: line) + 1
      while line < bytes.count, bytes[line] == 0x20 || bytes[line] == 0x09 { line += 1 }
      let closed = length(line)
      if closed >= opened, line + closed == bytes.count || Letters.isSpace(bytes[line + closed]) {
        at = min(next, bytes.count)
        return
      }
      line = next
    }
    at = bytes.count
  }

  /// Code within a line counts as one word that no rule knows.
  mutating func backtick() {
    let opened = at
    at += 1
    guard opened >= noBacktick else { return }
    var place = at
    while place < end, bytes[place] != UInt8(ascii: "`"), bytes[place] != 0x0A { place += 1 }
    guard place < end, bytes[place] != 0x0A else {
      noBacktick = place
      return
    }
    if place > at { match.add(word: 0, end: place, inFirstSentence: isFirstSentence) }
    at = place + 1
  }

  /// A tag that is to be ignored, to its end.
  mutating func tag() {
    guard let block = rules.ignored.block(bytes, at: at, isTag: true), let end = blockEnd(block) else {
      at += 1
      return
    }
    interrupt()
    at = end
    beginLine()
  }

  /// Where the block that begins here ends; one that is never closed is as if it had not begun.
  private mutating func blockEnd(_ index: Int) -> Int? {
    guard !openForEver.contains(index) else { return nil }
    let block = rules.ignored.blocks[index]
    guard let found = bytes.find(block.end, from: at + block.begin.count) else {
      openForEver.insert(index)
      return nil
    }
    return found + block.end.count
  }
}
