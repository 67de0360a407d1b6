import Spool

/// Who shows wrong tokens is not heard for a while: not because anybody could guess one, but because a program that tries again and
/// again with an old one would fill the journal and the machine.
///
/// It is the user (uid) who is locked out: by address, all programs of this machine are one, and one of them could lock out all.
package struct Lockout {
  package static let limit = 10
  package static let window = Duration.seconds(60)
  package static let rest = Duration.seconds(300)

  /// Of each user, when his last wrong ones were, and until when he is locked out; nil: whose user nobody could tell.
  private var failures: [UInt32?: [Int64]] = [:]
  private var ends: [UInt32?: Int64] = [:]

  package init() {}

  /// Whether anybody is locked out: else it need not be known who comes.
  package var isEmpty: Bool { ends.isEmpty }

  /// For how long still; nil: he is not.
  /// - Parameter uptime: in nanoseconds, a clock that nobody sets.
  package mutating func remaining(of user: UInt32?, at uptime: Int64) -> Duration? {
    guard let end = ends[user] else { return nil }
    if end > uptime { return .nanoseconds(end - uptime) }
    ends[user] = nil
    failures[user] = nil
    return nil
  }

  /// - Returns: whether he is locked out by this one.
  package mutating func failed(_ user: UInt32?, at uptime: Int64) -> Bool {
    var times = (failures[user] ?? []).filter { uptime - $0 < Self.window.nanoseconds }
    times.append(uptime)
    failures[user] = times
    guard times.count >= Self.limit else { return false }
    ends[user] = uptime + Self.rest.nanoseconds
    return true
  }
}
