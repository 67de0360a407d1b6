import Spool

/// A sign of life that is expected again and again: `heartbeats/NAME`, whose time is that of the last one and whose header says
/// within what time the next is due. A file there without `Interval` (a stamp of `spool tick`, a poller's lock) is none.
public struct Heartbeat: Sendable, Equatable {
  public var name: String
  public var interval = Self.defaultInterval
  /// How late a beat may be before it counts as missed.
  public var grace = Self.defaultGrace
  /// Who beats, where it is a process that stays.
  public var process: Int32?
  public var last = Timestamp.now

  public static let defaultInterval = Duration.seconds(300)
  public static let defaultGrace = Duration.seconds(60)
  static let directoryName = "heartbeats"

  public init(_ name: String, interval: Duration? = nil, grace: Duration? = nil) throws(Failure) {
    // What spool tick keeps there beats no other way.
    guard Self.isName(name), name != "tick", !name.hasPrefix("tick-") else {
      throw Failure(.usage, name, "is no name for a heartbeat", do: "use a-z, 0-9 and dashes, and not tick")
    }
    self.name = name
    self.interval = interval ?? self.interval
    self.grace = grace ?? self.grace
  }

  private static func isName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count) && !text.hasPrefix("-")
      && text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-") }
  }

  public func liveness(at now: Timestamp) -> Light { Self.liveness(last, interval, grace, at: now) }

  /// A beat from a future that is further off than the next one is due says nothing: the clock was set back since.
  public static func liveness(
    _ last: Timestamp, _ interval: Duration, _ grace: Duration, at now: Timestamp
  ) -> Light {
    let age = now >= last ? now - last : last - now
    return age <= interval ? .green : age <= interval + grace ? .amber : .red
  }

  /// Stamps: the file is written where what it says is new, else only its time is set, for which a full disk has room.
  public func stamp(in spool: SpoolDirectory) throws(Failure) {
    let directory = try spool.directory(Self.directoryName)
    if let file = try directory.open(name) {
      guard let found = try Self.read(name, file) else {
        throw Failure(.usage, name, "\(directory.path)/\(name) is a file of another kind", do: "use another name")
      }
      if (found.interval, found.grace, found.process) == (interval, grace, process) {
        return try file.setModified(.now)
      }
    }
    try directory.replace(name, with: header.bytes.dropLast(), modified: .now)
  }

  private var header: Header {
    Header([
      "Interval": Self.seconds(interval), "Grace": Self.seconds(grace), "Pid": process.map(String.init),
    ])
  }

  private static func seconds(_ span: Duration) -> String { "\(span.nanoseconds / 1_000_000_000)s" }

  /// Nobody expects it any more.
  public static func remove(_ name: String, in spool: SpoolDirectory) throws(Failure) {
    guard try read(name, in: spool) != nil else { return }
    try spool.directory(directoryName).unlink(name)
  }

  public static func read(_ name: String, in spool: SpoolDirectory) throws(Failure) -> Heartbeat? {
    guard let file = try spool.directory(directoryName).open(name) else { return nil }
    return try read(name, file)
  }

  private static func read(_ name: String, _ file: File) throws(Failure) -> Heartbeat? {
    // What is no header lines is a file of another kind.
    guard let bytes = try file.readAll(limit: 4096), let header = try? Header(file: bytes),
      let interval = header["Interval"].flatMap({ Duration($0) }), var beat = try? Heartbeat(name)
    else {
      return nil
    }
    beat.interval = interval
    beat.grace = header["Grace"].flatMap { Duration($0) } ?? defaultGrace
    beat.process = header["Pid"].flatMap { Int32($0) }
    beat.last = try file.status().modified
    return beat
  }

  /// All that are expected, by name.
  public static func all(in spool: SpoolDirectory) throws(Failure) -> [Heartbeat] {
    var beats: [Heartbeat] = []
    for name in try spool.directory(directoryName).names().sorted() where isName(name) {
      if let beat = try read(name, in: spool) { beats.append(beat) }
    }
    return beats
  }
}
