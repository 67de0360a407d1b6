import Glibc
import Spool

/// A time zone, by glibc: its name in the tz database, or the machine's own.
///
/// glibc knows one zone at a time, by TZ, for the whole process: that is changed here and nowhere else, in a process of one thread. What
/// is started gets an environment that was taken before (`Zone.inherited`).
public struct Zone: Hashable, Sendable {
  /// Nil: the zone that this process was started in.
  public let name: String?

  private init(name: String?) { self.name = name }

  /// The zone of TZ, else of /etc/localtime.
  public static let local = Zone(name: nil)

  /// Where the tz database lies.
  public static let directory = getenv("TZDIR").map { String(cString: $0) } ?? "/usr/share/zoneinfo"

  /// - Returns: nil where there is no such zone: glibc would take it for UTC.
  public init?(named name: String) {
    let isName = name.utf8.allSatisfy {
      (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || "+-_/".utf8.contains($0)
    }
    guard isName, let first = name.utf8.first, first != UInt8(ascii: "/"), first != UInt8(ascii: "-"),
      let descriptor = try? Kernel.open("\(Self.directory)/\(name)", in: nil, O_RDONLY)
    else { return nil }
    let file = File(descriptor, path: name)
    guard let magic = try? file.readAll(size: 4), magic == Array("TZif".utf8) else { return nil }
    self.name = name
  }

  /// Whether TZ of this process's own environment leads to a zone: a name, a file or a rule.
  public static var inheritedIsKnown: Bool {
    guard let inherited, !inherited.isEmpty else { return true }
    let named = inherited.hasPrefix(":") ? String(inherited.dropFirst()) : inherited
    return named.hasPrefix("/") || named.contains { $0.isNumber } || Zone(named: named) != nil
  }

  /// TZ as it was when this was first asked for.
  static let inherited: String? = getenv("TZ").map { String(cString: $0) }
  nonisolated(unsafe) private static var selected: Zone?

  private func select() {
    let inherited = Self.inherited
    if Self.selected == self { return }
    if let value = name ?? inherited { setenv("TZ", value, 1) } else { unsetenv("TZ") }
    tzset()
    Self.selected = self
  }

  /// Seconds east of UTC at that time (seconds since 1970-01-01 UTC).
  public func offset(at seconds: Int) -> Int {
    select()
    var time = seconds
    var parts = tm()
    return localtime_r(&time, &parts) == nil ? 0 : parts.tm_gmtoff
  }

  /// No zone is known that changes its offset and changes it back within a day.
  private static let stride = 86400

  /// The first second after `start`, and not after `end`, from which on another offset holds than at `start`.
  func change(after start: Int, through end: Int) -> Int? {
    let offset = offset(at: start)
    var before = start
    while before < end {
      let next = min(before + Self.stride, end)
      if self.offset(at: next) == offset {
        before = next
        continue
      }
      var (same, other) = (before, next)
      while other - same > 1 {
        let middle = same + (other - same) / 2
        if self.offset(at: middle) == offset { same = middle } else { other = middle }
      }
      return other
    }
    return nil
  }

  /// RFC 3339, to the second, with this zone's offset as a number.
  public func rfc3339(_ time: Timestamp) -> String {
    let seconds = floored(Int(time.nanoseconds), by: 1_000_000_000)
    // An offset of whole minutes: those with seconds are from before 1972.
    let offset = floored(offset(at: seconds) + 30, by: 60)
    let local = Timestamp(seconds: Int64(seconds + offset * 60)).rfc3339Seconds.dropLast()
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(local)\(offset < 0 ? "-" : "+")\(two(abs(offset) / 60)):\(two(abs(offset) % 60))"
  }
}
