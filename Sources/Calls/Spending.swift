import Glibc
import Spool

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
    try file.seek(to: 0)
    try file.truncate(to: 0)
    try file.write(Array("\(Self.midnight(before: .now).rfc3339Seconds) \(total) USD since then\n".utf8))
    // A sum that a power cut takes back would be spent twice.
    try file.sync()
    try file.setModified(.now)
  }

  private func sum(in file: File) throws(Failure) -> Double {
    let midnight = Self.midnight(before: .now)
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

  static func midnight(before time: Timestamp) -> Timestamp {
    var seconds = Int(time.nanoseconds / 1_000_000_000)
    var parts = tm()
    localtime_r(&seconds, &parts)
    parts.tm_hour = 0
    parts.tm_min = 0
    parts.tm_sec = 0
    parts.tm_isdst = -1
    return Timestamp(seconds: Int64(mktime(&parts)))
  }
}
