import Spool
import Work

/// `ACTIVE`, as `memory export --files` writes it: the projects of the last week of what is known, a time and a text a line. Where even
/// the latest of them is old, what is said to be active is not.
enum ActiveRule: Rule {
  static let name = "active"
  static let light = Light.amber

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    guard let bytes = try MemoryExport.read("ACTIVE", look) else { return [] }
    var latest: (time: Timestamp, text: Substring)?
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: "\t", maxSplits: 1)
      guard parts.count == 2, let time = Timestamp(rfc3339: parts[0]) else { continue }
      if time > latest?.time ?? Timestamp(nanoseconds: .min) { latest = (time, parts[1]) }
    }
    guard let latest, look.now - latest.time > look.longestSilence else { return [] }
    return [
      Signal(
        self, latest.time.rfc3339,
        "nothing was heard of an active project for \((look.now - latest.time).spoken); the last: \(latest.text.prefix(120))",
        do: "does harvest run? Else ask how it stands")
    ]
  }
}
