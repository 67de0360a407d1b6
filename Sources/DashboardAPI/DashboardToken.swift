import Crypto
import Glibc
import Roster
import Spool

/// The one secret of a spool's dashboard: who has it may see all of the spool, and answer requests as its owner. It lies in
/// `secrets/dashboard.token`, mode 0600, and is never in an argument, a log or the journal. Logins are made with it and kept nowhere:
/// another one in its place ends all of them.
public struct DashboardToken: Sendable {
  public let text: String
  let key: SymmetricKey

  static let fileName = "dashboard.token"
  /// A shorter one was made up by a person, and can be guessed.
  private static let shortest = 32

  /// Where it lies, for people.
  public static func path(in spool: SpoolDirectory) -> String { "\(spool.path)/secrets/\(fileName)" }

  private init(_ text: String) {
    self.text = text
    key = SymmetricKey(data: Array(text.utf8))
  }

  /// Reads it; what was changed counts at once, for it is read each time.
  /// - Throws: `.configuration` where there is none or it is no secret, `.notAllowed` where others may read it.
  public static func read(in spool: SpoolDirectory) throws(Failure) -> DashboardToken {
    let path = path(in: spool)
    let text = try Secret.read(path)
    let isPlain = text.utf8.allSatisfy { (0x21..<0x7F).contains($0) }
    guard isPlain, (shortest...512).contains(text.utf8.count) else {
      throw Failure(
        .configuration, path, "is no token: it has \(text.utf8.count) bytes",
        do: "remove the file: dashboard --link makes a new one")
    }
    return DashboardToken(text)
  }

  /// Reads it, made where it is missing: then it is durable before anybody is told.
  public static func open(in spool: SpoolDirectory) throws(Failure) -> DashboardToken {
    let secrets = try spool.directory("secrets")
    if try !secrets.contains(fileName) { try make(in: secrets) }
    return try read(in: spool)
  }

  /// Under a name of its own until it is whole; who makes one holds its lock, and what somebody has left there is written anew.
  private static func make(in secrets: Directory) throws(Failure) {
    let temporary = ".\(fileName).new"
    let file = try secrets.openOrCreate(temporary)
    try file.lock()
    defer { file.unlock() }
    // It may be the token by now, made by who had the lock.
    guard let named = try secrets.status(temporary), named.isSameFile(as: try file.status()) else { return }
    do throws(Failure) {
      let bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
      try file.truncate(to: 0)
      try file.write(Array((bytes.base64URL + "\n").utf8))
      try file.sync()
      // Somebody else's that came meanwhile stays.
      if try secrets.move(temporary, to: secrets, as: fileName) == .targetExists { try secrets.unlink(temporary) }
    } catch {
      try? secrets.unlink(temporary)
      throw error
    }
    try secrets.sync()
  }

  /// In constant time.
  func isSame(as shown: String) -> Bool { Self.digest(text) == Self.digest(shown) }

  /// What nobody can make who has not the token; each purpose has its own.
  func seal(_ purpose: String, _ text: String) -> String {
    Array(HMAC<SHA256>.authenticationCode(for: Array("spindle \(purpose)\n\(text)".utf8), using: key)).base64URL
  }

  /// By which it is known again, and by which nobody learns it.
  var mark: String { seal("mark", "") }

  static func digest(_ text: String) -> SHA256Digest { SHA256.hash(data: Array(text.utf8)) }
}

extension [UInt8] {
  /// RFC 4648, section 5, without padding.
  var base64URL: String {
    let alphabet = [Character]("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    var text = ""
    for place in stride(from: 0, to: count, by: 3) {
      let group = self[place..<Swift.min(place + 3, count)]
      let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for digit in 0...group.count { text.append(alphabet[bits >> (18 - 6 * digit) & 63]) }
    }
    return text
  }
}
