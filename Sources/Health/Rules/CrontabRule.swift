import Spool

/// A crontab that the scheduler does not understand: the one before it goes on, and nothing of what was changed holds. Its faults lie
/// in `scheduler/faults` as long as that is so.
enum CrontabRule: Rule {
  static let name = "crontab"

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    let directory = try look.spool.directory("scheduler")
    guard let bytes = try directory.open("faults")?.readAll(limit: 1 << 20) else { return [] }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    guard let first = lines.first else { return [] }
    let more = lines.count > 1 ? ", and \(lines.count - 1) more" : ""
    return [
      Signal(
        self, String(first),
        "the scheduler does not understand its crontab, and what it was before holds: \(first.prefix(200))\(more)",
        do: "scheduler --test names all that is wrong")
    ]
  }
}
