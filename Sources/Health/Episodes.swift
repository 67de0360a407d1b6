import Spool

/// Since when each trouble lasts: `health/episodes`, a line for each. What is over and comes again is another episode.
struct Episodes {
  private var begun: [String: Timestamp] = [:]
  private let directory: Directory
  private static let fileName = "episodes"

  init(in spool: SpoolDirectory) throws(Failure) {
    directory = try spool.directory("health")
    let bytes = try directory.open(Self.fileName)?.readAll(limit: 16 << 20) ?? []
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: "\t", maxSplits: 1)
      if parts.count == 2, let time = Timestamp(rfc3339: parts[0]) { begun[String(parts[1])] = time }
    }
  }

  /// Notes which troubles there are now.
  /// - Returns: since when each of them lasts.
  /// - Parameter isKept: of which it cannot be told just now whether they are over.
  mutating func update(
    _ keys: [String], at now: Timestamp, keeping isKept: (String) -> Bool = { _ in false }, notice: (String) -> Void
  ) -> [String: Timestamp] {
    var current = begun.filter { isKept($0.key) }
    for key in keys { current[key] = begun[key] ?? now }
    if current == begun { return current }
    let lines = current.sorted { $0.key < $1.key }.map { "\($0.value.rfc3339)\t\($0.key)\n" }
    do { try directory.replace(Self.fileName, with: Array(lines.joined().utf8)) } catch {
      notice("health/\(Self.fileName): \(error)")
      // Where it cannot be noted it would be new each minute.
      let hour: Int64 = 3_600_000_000_000
      for key in keys where begun[key] == nil { current[key] = Timestamp(nanoseconds: now.nanoseconds / hour * hour) }
    }
    begun = current
    return current
  }
}
