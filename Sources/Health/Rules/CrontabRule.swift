import Spool

/// The scheduler does not take the crontab as it lies there: what was changed in it does not hold.
enum CrontabRule: Rule {
  static let name = "crontab"

  /// What the scheduler leaves, as long as it is so: a line for each fault.
  private static let file = "faults"

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    guard let file = try look.spool.directory("scheduler").open(file), let bytes = try file.readAll(limit: 1 << 20),
      let first = bytes.split(separator: 10).first
    else { return [] }
    let fault = String(decoding: first, as: UTF8.self)
    let count = bytes.count { $0 == 10 }
    let more = count > 1 ? ", and \(count - 1) more" : ""
    return [
      Signal(
        self, fault, "the scheduler does not understand its crontab, and what it was before holds: \(fault)\(more)",
        do: "scheduler --test FILE says all that is wrong")
    ]
  }
}
