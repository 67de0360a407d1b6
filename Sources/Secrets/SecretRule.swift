/// One kind of secret: how it is found, and when what was found is none after all.
struct SecretRule: Sendable {
  var name: String
  var description = ""
  var patterns: [SecretPattern] = []
  /// Bits a character, below which it is no random text.
  var entropy: Double = 0
  /// Of each of these the secret has one or more.
  var needs: [ByteSet] = []
  /// The share of neighbours of which one is a digit and the other none: words and names have few.
  var mixing: Double = 0
  var stopWords = StopWords()
  /// What a true one is made like, and what only looks like it; for the tests.
  var shapes: [String] = []
  var nearMisses: [String] = []

  func accepts(_ secret: UnsafeBufferPointer<UInt8>.SubSequence, besides everywhere: StopWords?) -> Bool {
    for set in needs where !secret.contains(where: { set.contains($0) }) { return false }
    guard Self.entropy(of: secret) >= entropy, mixing == 0 || Self.mixing(of: secret) >= mixing,
      !Self.isReference(secret)
    else { return false }
    return everywhere?.excuse(secret) != true && !stopWords.excuse(secret)
  }

  /// Shannon's, in bits a character, of the first 256: no more are needed to tell random text, and every check stays short.
  static func entropy(of text: UnsafeBufferPointer<UInt8>.SubSequence) -> Double {
    let text = text.prefix(256)
    return withUnsafeTemporaryAllocation(of: Int32.self, capacity: 256) { counts in
      counts.initialize(repeating: 0)
      for byte in text { counts[Int(byte)] += 1 }
      var sum = 0.0
      for count in counts where count > 0 {
        let part = Double(count) / Double(text.count)
        sum -= part * part.binaryLogarithm
      }
      return sum
    }
  }

  static func mixing(of text: UnsafeBufferPointer<UInt8>.SubSequence) -> Double {
    let digits = text.prefix(256).map { $0 &- 48 < 10 }
    return Double(zip(digits, digits.dropFirst()).count { $0 != $1 }) / Double(digits.count)
  }

  /// It stands for a value that is elsewhere: `$NAME`, `${NAME}`, `$(…)`, `%NAME%`, `%(name)s`, `{{name}}`, `{name}`, `<name>`,
  /// `@NAME@`, `@name`, a file's path; or was taken out already.
  static func isReference(_ text: UnsafeBufferPointer<UInt8>.SubSequence) -> Bool {
    guard let first = text.first, let last = text.last else { return true }
    // A blank ends some values, and so the mark.
    let mark = SecretRules.mark.dropLast()
    var rest = text
    while let bracket = rest.firstIndex(of: mark[0]) {
      rest = rest[bracket...]
      if rest.starts(with: mark) { return true }
      rest = rest.dropFirst()
    }
    switch first {
    case UInt8(ascii: "$"):
      guard let next = text.dropFirst().first else { return true }
      return ByteSet("{(ABCDEFGHIJKLMNOPQRSTUVWXYZ_").contains(next)
        || text.dropFirst().allSatisfy { ByteSet.word.contains($0) }
    case UInt8(ascii: "%"): return last == first || text.dropFirst().first == UInt8(ascii: "(")
    case UInt8(ascii: "@"): return last == first || text.dropFirst().allSatisfy { ByteSet.name.contains($0) }
    case UInt8(ascii: "{"): return last == UInt8(ascii: "}")
    case UInt8(ascii: "<"): return last == UInt8(ascii: ">")
    case UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "~"):
      let path = text.drop { ByteSet(".~").contains($0) }
      return path.first == UInt8(ascii: "/") && path.dropFirst().contains(UInt8(ascii: "/"))
        && !text.contains { ByteSet("+=").contains($0) }
    default: return text.allSatisfy { $0 == first }
    }
  }
}

extension Double {
  /// For 0 < self <= 1: Foundation's and the C library's are not here.
  fileprivate var binaryLogarithm: Double {
    // The mantissa's logarithm by its area tangent: seven terms are exact to 1e-9.
    let ratio = (significand - 1) / (significand + 1)
    let square = ratio * ratio
    var term = ratio
    var sum = 0.0
    for odd in stride(from: 1.0, through: 19.0, by: 2.0) {
      sum += term / odd
      term *= square
    }
    return Double(exponent) + 2 * sum * 1.442695040888963
  }
}
