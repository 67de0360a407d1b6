import Spool

/// How fast an address may be written to: `1/s, 20/min for -*, 30/s in all`.
public struct Pace: Sendable, Equatable {
  /// So many messages in a span.
  public struct Rate: Sendable, Equatable {
    public var count: Int
    public var span: Duration
    /// For addresses that begin so; empty: all.
    public var prefix = ""
    /// For all addresses of the channel together, where several voices speak each by itself.
    public var isForAll = false
  }

  public var rates: [Rate] = []

  public init() {}

  public init?(_ text: String) {
    for part in text.split(separator: ",") {
      let words = part.split(separator: " ")
      guard let first = words.first, var rate = Self.rate(first) else { return nil }
      switch words.dropFirst().map(String.init) {
      case []: break
      case ["in", "all"]: rate.isForAll = true
      case let rest where rest.count == 2 && rest[0] == "for" && rest[1].hasSuffix("*"):
        rate.prefix = String(rest[1].dropLast())
      default: return nil
      }
      rates.append(rate)
    }
  }

  /// `20/min`
  private static func rate(_ text: Substring) -> Rate? {
    let parts = text.split(separator: "/")
    let spans = ["s": 1, "min": 60, "h": 3600]
    guard parts.count == 2, let count = Int(parts[0]), (1...1000).contains(count), let seconds = spans[String(parts[1])]
    else {
      return nil
    }
    return Rate(count: count, span: .seconds(seconds))
  }

  /// Those that hold for one address.
  func rates(for address: String) -> [Rate] { rates.filter { !$0.isForAll && address.hasPrefix($0.prefix) } }
  var ratesForAll: [Rate] { rates.filter(\.isForAll) }

  /// When the next message may go, after those that went at these times, the latest last.
  static func next(after times: [Timestamp], _ rates: [Rate]) -> Timestamp? {
    rates.compactMap { rate in
      times.count >= rate.count ? times[times.count - rate.count] + rate.span : nil
    }.max()
  }
}
