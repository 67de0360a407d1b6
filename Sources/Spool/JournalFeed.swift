/// Reads the journal from any place on, a block at a time, over midnight and over files that were cut or replaced. It keeps nothing:
/// who reads has a position (`JournalReader` is one reader who keeps his).
///
/// It goes no further than tomorrow, and reads today's file along: what a clock that was once wrong has left holds up nobody.
public struct JournalFeed {
  public let directory: Directory

  public struct Line {
    /// Without its newline.
    public var bytes: ArraySlice<UInt8>
    /// Who goes on from there misses none.
    public var end: JournalPosition
  }

  /// As long as a line may be (`Journal.lineLimit`), twice.
  static let block = 131_072
  /// For so long after midnight somebody may still write to the file of the day before.
  private static let late = Duration.seconds(600)

  public init(directory: Directory) { self.directory = directory }

  /// The next whole lines, as many as there are in a block; none: there are no more yet.
  /// - Parameter isWanted: The others are left out.
  public func next(
    after position: inout JournalPosition, where isWanted: (ArraySlice<UInt8>) -> Bool = { _ in true }
  ) throws(Failure) -> [Line] {
    let now = Timestamp.now
    let (today, tomorrow) = (Self.day(of: now), Self.day(of: now + .seconds(86400)))
    // Nobody knows what was told before that.
    if position.day > today, position.before == nil { position = try self.position(beforeLast: 0) }
    if var before = position.before {
      let lines = try read(&before, isWanted)
      position.before = before
      if !lines.isEmpty {
        return lines.map { line in
          let isAhead = position.day > today
          return Line(
            bytes: line.bytes, end: JournalPosition(isAhead ? line.end : position.place))
        }
      }
      if position.day < today || position.day == Self.day(of: now - Self.late) { position.before = nil }
    }
    while true {
      // Before the file is read to its end: what was written to it until then is seen.
      let later = try days().first { $0 > position.day && $0 <= tomorrow }
      let lines = try read(&position.place, isWanted)
      if !lines.isEmpty {
        let held = position.day > today ? position.before : nil
        return lines.map { Line(bytes: $0.bytes, end: JournalPosition(held ?? $0.end)) }
      }
      guard let later else { return [] }
      position.before =
        later < today ? nil : later > today && position.day < today ? DayPlace(day: today) : position.place
      position.place = DayPlace(day: later)
    }
  }

  /// The next lines of one day that are wanted.
  private func read(
    _ place: inout DayPlace, _ isWanted: (ArraySlice<UInt8>) -> Bool
  ) throws(Failure) -> [(bytes: ArraySlice<UInt8>, end: DayPlace)] {
    guard let file = try Self.open(place.day, in: directory) else { return [] }
    let status = try file.status()
    if try !place.holds(in: file, status) { place = DayPlace(day: place.day) }
    place.inode = status.inode
    while place.offset < status.size {
      try file.seek(to: place.offset)
      let bytes = try file.readAll(size: min(Self.block, status.size - place.offset))
      guard let last = bytes.lastIndex(of: 10) else {
        if bytes.count < Self.block { return [] }
        // A line that is longer than any of ours, and none.
        place.offset += bytes.count
        place.isInside = true
        continue
      }
      var start = place.isInside ? bytes.firstIndex(of: 10)! + 1 : 0
      let begin = place.offset
      place.isInside = false
      var lines: [(bytes: ArraySlice<UInt8>, end: DayPlace)] = []
      while start <= last {
        let end = bytes[start...].firstIndex(of: 10)!
        place.offset = begin + end + 1
        if end > start, isWanted(bytes[start..<end]) { lines.append((bytes[start..<end], place)) }
        start = end + 1
      }
      place.offset = begin + last + 1
      if !lines.isEmpty { return lines }
    }
    return []
  }

  /// Whether it stands on one line as it is, and says nothing to who reads it line by line but this.
  public static func isObject(_ line: ArraySlice<UInt8>) -> Bool {
    line.first == UInt8(ascii: "{") && line.last == UInt8(ascii: "}") && line.allSatisfy { $0 >= 32 }
      && String(validating: line, as: UTF8.self) != nil
  }

  /// The file of a day; nil where there is none, or what has its name is no file.
  static func open(_ day: String, in directory: Directory) throws(Failure) -> File? {
    let name = day + JournalPosition.suffix
    // A link would not be followed, and a socket not opened.
    guard try directory.status(name)?.isRegular == true, let file = try directory.open(name),
      try file.status().isRegular
    else { return nil }
    return file
  }

  /// Those that there are, in their order.
  func days() throws(Failure) -> [String] {
    try directory.names().compactMap { name in
      let day = name.dropLast(JournalPosition.suffix.count)
      return name.hasSuffix(JournalPosition.suffix) && JournalPosition.isDay(day) ? String(day) : nil
    }.sorted()
  }

  /// `2026-11-26`, UTC.
  static func day(of time: Timestamp) -> String { String(time.rfc3339.prefix(10)) }

  /// Where the last lines begin, as many as that, over as many days as they take, but none of the future; 0: behind the last. What it
  /// reads does not grow with the day.
  public func position(beforeLast count: Int) throws(Failure) -> JournalPosition {
    let today = Self.day(of: .now)
    var missing = count
    var position = JournalPosition.beginning
    for day in try days().reversed() where day <= today {
      position = JournalPosition(day: day, offset: 0)
      guard let file = try Self.open(day, in: directory) else { continue }
      var at = try file.status().size
      while at > 0 {
        let start = max(0, at - Self.half)
        try file.seek(to: start)
        let bytes = try file.readAll(size: at - start)
        for place in bytes.indices.reversed() where bytes[place] == 10 {
          // The newline before the first of them.
          if missing == 0 { return JournalPosition(day: day, offset: start + place + 1) }
          missing -= 1
        }
        at = start
      }
      // All of this day; and none is missing.
      if missing == 0 { return position }
    }
    return position
  }

  private static let half = 65536
}
