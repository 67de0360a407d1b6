import Spool

/// What is durable about an entry: `scheduler/entries/KEY`, header lines.
struct EntryState {
  var entry: String
  /// When it was first seen.
  var since: Timestamp
  /// The last of its times that was dealt with.
  var last: Timestamp
  /// `@reboot`: the boot that it was last run for; nil: none, or the run is not over yet.
  var boot: String?

  static func directory(_ spool: SpoolDirectory) throws(Failure) -> Directory {
    try Directory.making("entries", in: spool.directory("scheduler"))
  }

  /// - Returns: nil where there is none, or none that can be read: then the entry is as new.
  static func read(_ key: String, in directory: Directory) throws(Failure) -> EntryState? {
    guard let file = try directory.open(key), let bytes = try file.readAll(limit: 65536),
      let header = try? Header.parse(bytes + [10]).0,
      let since = header["Since"].flatMap({ Timestamp(rfc3339: $0) }),
      let last = header["Last"].flatMap({ Timestamp(rfc3339: $0) })
    else { return nil }
    return EntryState(entry: header["Entry"] ?? "", since: since, last: last, boot: header["Boot"])
  }

  func write(_ key: String, in directory: Directory) throws(Failure) {
    let header = Header(["Entry": entry, "Since": since.rfc3339, "Last": last.rfc3339, "Boot": boot])
    try directory.replace(key, with: header.bytes.dropLast())
  }
}
