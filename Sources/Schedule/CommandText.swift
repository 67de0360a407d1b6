/// What stands behind the times: the shell's part, and what follows the first `%` as standard input. With just cron's rules for
/// backslashes, which differ between the two.
public struct CommandText: Hashable, Sendable {
  /// As it stands in the crontab.
  public let text: String

  public init(_ text: String) { self.text = text }

  private static let percent = UInt8(ascii: "%")
  private static let backslash = UInt8(ascii: "\\")

  /// What the shell gets, and what the command reads; nil: nothing.
  public var parts: (shell: String, input: [UInt8]?) {
    let bytes = Array(text.utf8)
    var shell: [UInt8] = []
    var place = 0
    while place < bytes.count, bytes[place] != Self.percent {
      if bytes[place] == Self.backslash, place + 1 < bytes.count {
        place += 1
        // `\%` is a percent sign and `\\` one backslash; before anything else it stays.
        if bytes[place] != Self.percent && bytes[place] != Self.backslash { shell.append(Self.backslash) }
      }
      shell.append(bytes[place])
      place += 1
    }
    let words = String(decoding: shell, as: UTF8.self)
    return place < bytes.count ? (words, Self.input(bytes[(place + 1)...])) : (words, nil)
  }

  private static func input(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var input: [UInt8] = []
    var isEscaped = false
    var needsNewline = false
    for byte in bytes {
      if isEscaped && byte != percent { input.append(backslash) }
      let isNewline = !isEscaped && byte == percent
      isEscaped = byte == backslash
      if isEscaped { continue }
      input.append(isNewline ? 10 : byte)
      needsNewline = !isNewline
    }
    if isEscaped { input.append(backslash) }
    if needsNewline { input.append(10) }
    return input
  }
}
