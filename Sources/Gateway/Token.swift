import Crypto

/// What a program shows to the gateway: `spindle_NAME_SECRET`. Who has it calls as NAME.
///
/// The secret is 32 random bytes. Nobody guesses one by trying, so a plain SHA-256 of it at rest is as good as a slow hash would be:
/// those protect words that people choose.
public struct Token: Sendable {
  public let name: String
  /// As it is shown; never logged, and printed once.
  public let text: String

  private static let prefix = "spindle_"
  /// 32 bytes in hexadecimal.
  private static let secretLength = 64

  /// A new one.
  init(for name: String) {
    let secret = SymmetricKey(size: .bits256).withUnsafeBytes { bytes in
      bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
    self.name = name
    text = Self.prefix + name + "_" + secret
  }

  /// Reads what somebody shows; nil where it is no token at all.
  public init?(_ text: String) {
    guard text.hasPrefix(Self.prefix), text.utf8.count <= 128 else { return nil }
    let parts = text.dropFirst(Self.prefix.count).split(separator: "_", omittingEmptySubsequences: false)
    guard parts.count == 2, TokenName.isOne(String(parts[0])), parts[1].utf8.count == Self.secretLength else {
      return nil
    }
    name = String(parts[0])
    self.text = text
  }

  var digest: SHA256Digest { SHA256.hash(data: Array(text.utf8)) }
}

/// A digest as it lies in a file.
struct StoredDigest: Equatable, Sendable {
  let bytes: [UInt8]

  init(_ digest: SHA256Digest) { bytes = Array(digest) }

  /// Reads 64 hexadecimal digits.
  init?(_ text: String) {
    let digits = Array(text.utf8)
    guard digits.count == 2 * SHA256.byteCount else { return nil }
    var bytes: [UInt8] = []
    for place in stride(from: 0, to: digits.count, by: 2) {
      guard let byte = UInt8(String(decoding: digits[place..<place + 2], as: UTF8.self), radix: 16) else { return nil }
      bytes.append(byte)
    }
    self.bytes = bytes
  }

  /// What no token hashes to that anybody will find: compared with where there is no file, so that it takes as long.
  static let nobodys = StoredDigest(SHA256.hash(data: [] as [UInt8]))

  var text: String { bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }

  /// In constant time.
  func matches(_ digest: SHA256Digest) -> Bool { digest == bytes }
}
