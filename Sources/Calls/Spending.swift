import Spool
import Work

/// What an agent has cost since the last local midnight: one locked file, `calls-AGENT/spent`, so that asking costs the same after
/// any number of calls. It is derived: where it is missing or unreadable, it is summed up anew from the records.
public struct Spending {
  private let queue: Queue

  public init(_ queue: Queue) { self.queue = queue }

  /// USD.
  public func today() throws(Failure) -> Double {
    let file = try queue.directory.openOrCreate("spent")
    try file.lock()
    defer { file.unlock() }
    return try sum(in: file)
  }

  /// What an attempt has cost, said before its result is on record: killed in between, the money is spent all the same.
  public func add(_ dollars: Double) throws(Failure) {
    guard dollars > 0, dollars.isFinite else { return }
    let file = try queue.directory.openOrCreate("spent")
    try file.lock()
    defer { file.unlock() }
    let total = try sum(in: file) + dollars
    try keepEarlierDay(of: file)
    try file.seek(to: 0)
    try file.truncate(to: 0)
    try file.write(Array("\(LocalTime.midnight(before: .now).rfc3339Seconds) \(total) USD since then\n".utf8))
    // A sum that a power cut takes back would be spent twice.
    try file.sync()
    try file.setModified(.now)
  }

  /// What earlier days have cost, by their local dates: `2026-11-23`. For people: nothing is refused for it.
  public func history() throws(Failure) -> [String: Double] {
    var days: [String: Double] = [:]
    let bytes = try queue.directory.open(Self.historyName)?.readAll(limit: 1 << 20) ?? []
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: " ")
      // Killed behind its line, the same day is noted once more: the last one counts.
      if words.count == 2, let sum = Double(words[1]) { days[String(words[0])] = sum }
    }
    return days
  }

  private static let historyName = "costs"
  /// So many days are kept, one line each: a year, to compare.
  private static let historyLength = 400

  /// The first payment of a day closes the one before it.
  private func keepEarlierDay(of file: File) throws(Failure) {
    try file.seek(to: 0)
    let words = String(decoding: try file.readAll(limit: 4096) ?? [], as: UTF8.self).split(separator: " ")
    guard words.count >= 2, let since = Timestamp(rfc3339: String(words[0])), let total = Double(words[1]), total > 0,
      since < LocalTime.midnight(before: .now)
    else { return }
    do throws(Failure) {
      let bytes = try queue.directory.open(Self.historyName)?.readAll(limit: 1 << 20) ?? []
      let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(Self.historyLength - 1)
      let day = "\(LocalTime(since).day) \(total)"
      try queue.directory.replace(
        Self.historyName, with: Array((lines.map(String.init) + [day]).map { $0 + "\n" }.joined().utf8))
    } catch {
      // A payment counts, whether or not yesterday's sum can be kept.
      if error.isFailedFlush { throw error }
      queue.spool.notice("\(error)")
    }
  }

  private func sum(in file: File) throws(Failure) -> Double {
    let midnight = LocalTime.midnight(before: .now)
    try file.seek(to: 0)
    let words = String(decoding: try file.readAll(limit: 4096) ?? [], as: UTF8.self).split(separator: " ")
    guard words.count >= 2, let since = Timestamp(rfc3339: String(words[0])), let total = Double(words[1]),
      total.isFinite, total >= 0
    else { return try summedUp(since: midnight) }
    if since == midnight { return total }
    // Another day; or another zone's day, of a process that was told another TZ.
    return try file.status().modified < midnight ? 0 : try summedUp(since: midnight)
  }

  /// By the records of replies and of failures.
  private func summedUp(since midnight: Timestamp) throws(Failure) -> Double {
    var sum = 0.0
    for fileName in try queue[.re].names() {
      guard let id = try? EntryID(fileName), id.time >= midnight, let record = try queue.response(id) else { continue }
      sum += record.header["Cost-USD"].flatMap { Double($0) } ?? 0
    }
    for place in try queue.entries(in: .fail) where place.name.id.time >= midnight {
      guard let words = queue.lastWord(place.name.id), let found = words.firstMatch(of: /\ cost=([0-9][0-9.e-]*)$/)
      else {
        continue
      }
      sum += max(0, Double(found.1) ?? 0)
    }
    return sum
  }
}
