import Spool
import Work

/// What an agent has cost since the last local midnight: one locked file, `calls-AGENT/spent`, so that asking costs the same after
/// any number of calls. It is derived: where it is missing or unreadable, it is summed up anew from the records.
public struct Spending {
  private let queue: Queue

  public init(_ queue: Queue) { self.queue = queue }

  /// USD.
  public func today() throws(Failure) -> Double {
    let file = try queue.directory.openOrCreate(Self.fileName)
    try file.lock()
    defer { file.unlock() }
    return try sum(in: file, since: LocalTime.midnight(before: .now))
  }

  /// The same for who only looks: no lock is taken, nothing is made, no record is read.
  /// - Returns: nil where nothing was paid for yet, or the sum is being written.
  public func glance() throws(Failure) -> Double? {
    guard let file = try queue.directory.open(Self.fileName), let sum = try Self.read(file) else { return nil }
    // Another zone's day, of a process that was told another TZ, is about as long.
    let midnight = LocalTime.midnight(before: .now)
    if sum.since == midnight { return sum.total }
    return try file.status().modified >= midnight ? sum.total : 0
  }

  /// What an attempt has cost, said before its result is on record: killed in between, the money is spent all the same.
  public func add(_ dollars: Double) throws(Failure) {
    guard dollars > 0, dollars.isFinite else { return }
    let file = try queue.directory.openOrCreate(Self.fileName)
    try file.lock()
    defer { file.unlock() }
    // Once: midnight may come in between.
    let midnight = LocalTime.midnight(before: .now)
    let total = try sum(in: file, since: midnight) + dollars
    if let earlier = try Self.read(file), earlier.since < midnight { try keep(earlier) }
    let line = Array("\(midnight.rfc3339Seconds) \(total) USD since then\n".utf8)
    // Over what stands there, and cut behind it: who is killed in between leaves a sum that can be read.
    try file.seek(to: 0)
    try file.write(line)
    try file.truncate(to: line.count)
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
    // The last day on which something was paid for is closed by the next one.
    if let last = try queue.directory.open(Self.fileName).flatMap({ (file) throws(Failure) in try Self.read(file) }),
      last.total > 0, last.since < LocalTime.midnight(before: .now)
    {
      days[LocalTime(last.since).day] = last.total
    }
    return days
  }

  private static let fileName = "spent"
  private static let historyName = "costs"
  /// So many days are kept, one line each: a year, to compare.
  private static let historyLength = 400

  /// The first payment of a day closes the one before it.
  private func keep(_ earlier: Sum) throws(Failure) {
    guard earlier.total > 0 else { return }
    do throws(Failure) {
      let bytes = try queue.directory.open(Self.historyName)?.readAll(limit: 1 << 20) ?? []
      let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(Self.historyLength - 1)
      let day = "\(LocalTime(earlier.since).day) \(earlier.total)"
      try queue.directory.replace(
        Self.historyName, with: Array((lines.map(String.init) + [day]).map { $0 + "\n" }.joined().utf8))
    } catch {
      // A payment counts, whether or not yesterday's sum can be kept.
      if error.isFailedFlush { throw error }
      queue.spool.notice("\(error)")
    }
  }

  private struct Sum {
    /// The midnight that it begins with.
    var since: Timestamp
    var total: Double
  }

  /// - Returns: nil where nothing readable stands there.
  private static func read(_ file: File) throws(Failure) -> Sum? {
    try file.seek(to: 0)
    let text = String(decoding: try file.readAll(limit: 4096) ?? [], as: UTF8.self)
    let words = text.prefix { $0 != "\n" }.split(separator: " ")
    guard words.count >= 2, let since = Timestamp(rfc3339: String(words[0])), let total = Double(words[1]),
      total.isFinite, total >= 0
    else { return nil }
    return Sum(since: since, total: total)
  }

  private func sum(in file: File, since midnight: Timestamp) throws(Failure) -> Double {
    guard let sum = try Self.read(file) else { return try summedUp(since: midnight) }
    if sum.since == midnight { return sum.total }
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
