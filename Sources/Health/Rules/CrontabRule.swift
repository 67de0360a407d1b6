import Spool

/// The scheduler does not take the crontab as it lies there: what was changed in it does not hold.
enum CrontabRule: Rule {
  static let name = "crontab"

  /// What the scheduler leaves, as long as it is so: what holds instead, and a line for each fault.
  private static let file = "faults"

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    guard try look.spool.root.contains("scheduler"),
      let file = try Directory("scheduler", in: look.spool.root).open(file),
      let bytes = try file.readAll(limit: 1 << 20)
    else { return [] }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    guard lines.count > 1 else { return [] }
    let more = lines.count > 2 ? ", and \(lines.count - 2) more" : ""
    return [
      Signal(
        self, lines[1], "the scheduler does not understand its crontab; \(lines[0]): \(lines[1])\(more)",
        do:
          "scheduler --test FILE says all that is wrong; mended, the scheduler takes it by itself, or is to be started")
    ]
  }
}
