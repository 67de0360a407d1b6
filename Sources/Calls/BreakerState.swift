import Spool

/// How often in a row an agent has failed, as `calls-AGENT/breaker` says it: header lines, for eyes too. No file: its last call went
/// well.
public struct BreakerState: Sendable {
  /// In a row, up to the last one.
  public var failures = 0
  /// When the last ones were, at most `limit` of them.
  public var times: [Timestamp] = []
  /// Of the last one, and how many of the last in a row were of that class.
  public var kind: CallFailure.Class
  public var sameKind = 0
  public var why: String
  /// Since when nothing is called; nil: it is closed.
  public var opened: Timestamp?

  /// So many failures in a row within `window` open it: what OpenClaw's users see as a storm begins there, and a vendor's hiccup,
  /// which `--attempts` bridges, does not.
  public static let limit = 5
  public static let window = Duration.seconds(600)
  /// For so long nothing is called; then one call tries whether it works again.
  public static let rest = Duration.seconds(60)

  static let fileName = "breaker"

  /// When one call may try; nil: any may call.
  public var nextProbe: Timestamp? { opened.map { $0 + Self.rest } }

  init(kind: CallFailure.Class, why: String) {
    self.kind = kind
    self.why = why
  }

  /// - Returns: nil where its last call went well, or nothing readable lies there: a breaker is no reason to stop for ever.
  public static func read(in queue: Queue) throws(Failure) -> BreakerState? {
    guard let file = try queue.directory.open(fileName), let bytes = try file.readAll(limit: 65536),
      let header = try? Header(file: bytes), let failures = header["Failures"].flatMap({ Int($0) }), failures > 0,
      let kind = header["Class"].flatMap({ CallFailure.Class(rawValue: $0) })
    else { return nil }
    var state = BreakerState(kind: kind, why: header["Why"] ?? "")
    state.failures = failures
    state.sameKind = header["Of-This-Class"].flatMap { Int($0) } ?? 1
    state.times = (header["Times"] ?? "").split(separator: " ").compactMap { Timestamp(rfc3339: String($0)) }
    state.opened = header["Opened"].flatMap { Timestamp(rfc3339: $0) }
    return state
  }

  func write(in queue: Queue) throws(Failure) {
    let header = Header([
      "Failures": String(failures), "Class": kind.rawValue, "Of-This-Class": String(sameKind),
      "Why": String(why.printable.prefix(600)), "Times": times.map(\.rfc3339).joined(separator: " "),
      "Opened": opened?.rfc3339,
    ])
    try queue.directory.replace(Self.fileName, with: header.bytes.dropLast())
  }
}
