/// `NAME = value`, by the rules of cron's own reader: blanks around the sign, quotes around either, no expansion, and an empty value only
/// in quotes.
struct Setting {
  var name: String
  var value: String
  /// From 1: where the value begins.
  var column: Int

  private enum State { case nameBegin, name, sign, blanks, valueBegin, value, end }

  /// - Returns: nil where the line is no setting.
  init?(_ line: ArraySlice<UInt8>) {
    var (name, value): ([UInt8], [UInt8]) = ([], [])
    var state = State.nameBegin
    var quote: UInt8?
    var place = line.startIndex
    column = place + 1
    func isBlank(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
    while place < line.endIndex {
      let byte = line[place]
      switch state {
      case .nameBegin, .valueBegin:
        if state == .valueBegin { column = place + 1 }
        quote = byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") ? byte : nil
        if quote != nil { place += 1 }
        state = state == .nameBegin ? .name : .value
      case .name:
        if byte == quote || quote == nil && isBlank(byte) {
          state = .sign
          place += 1
        } else if byte == UInt8(ascii: "=") {
          if quote != nil { return nil }
          state = .sign
        } else {
          name.append(byte)
          place += 1
        }
      case .sign:
        if byte == UInt8(ascii: "=") { state = .blanks } else if !isBlank(byte) { return nil }
        place += 1
      case .blanks: if isBlank(byte) { place += 1 } else { state = .valueBegin }
      case .value:
        if byte == quote { state = .end } else { value.append(byte) }
        place += 1
      case .end:
        if !isBlank(byte) { return nil }
        place += 1
      }
    }
    guard state == .end || state == .value && quote == nil, !name.isEmpty else { return nil }
    if state == .value { while let last = value.last, isBlank(last) { value.removeLast() } }
    // Quotes in quotes: cron takes both pairs off.
    if value.count >= 2, let first = value.first, first == value.last,
      first == UInt8(ascii: "'") || first == UInt8(ascii: "\"")
    {
      value = value.dropFirst().dropLast()
    }
    self.name = String(decoding: name, as: UTF8.self)
    self.value = String(decoding: value, as: UTF8.self)
  }
}
