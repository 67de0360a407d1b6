import Glibc
import Spool

/// Whose commands they are, as cron takes it from /etc/passwd. Read by hand: the C library's way needs libraries that a static executable
/// does not have.
public struct Account {
  public var name: String
  public var home: String

  /// - Returns: nil where this user does not stand there.
  public static func own(_ path: String = "/etc/passwd") -> Account? {
    guard let descriptor = try? Kernel.open(path, in: nil, O_RDONLY),
      let bytes = try? File(descriptor, path: path).readAll(limit: 1 << 24)
    else { return nil }
    for line in bytes.split(separator: 10) {
      let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map {
        String(decoding: $0, as: UTF8.self)
      }
      if fields.count >= 6, fields[2] == String(geteuid()) { return Account(name: fields[0], home: fields[5]) }
    }
    return nil
  }
}
