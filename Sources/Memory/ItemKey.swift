import Roster
import Spool

/// A key in a scope.
public struct ItemKey: Hashable, Sendable {
  public let key: String
  public let scope: String

  /// In bytes: with percent signs for what no file name can have it is still one.
  public static let longestKey = 200
  /// In bytes: what is longer is a file, and the memory says where it lies.
  public static let longestValue = 1 << 20

  /// - Throws: `.malformed` where a key is none, `.usage` where a scope is none.
  public init(_ key: String, scope: String) throws(Failure) {
    guard (1...Self.longestKey).contains(key.utf8.count), key.printable == key, key.trimmed == key else {
      throw Failure(
        .malformed, "the key \"\(String(key.prefix(60)).printable)\"", "is no key",
        do: "use 1 to \(Self.longestKey) bytes on one line, without spaces at its ends")
    }
    guard Agent.isScope(scope) else {
      throw Failure(.usage, "--scope \(scope.printable)", "is no scope", do: "write shared, or agent:NAME")
    }
    self.key = key
    self.scope = scope
  }
}
