import Spool

/// What heartbeat-guard has told, and how often it has woken somebody today: `health/guard`, replaced as a whole.
struct GuardRecord: Equatable {
  var day = ""
  var wakeUps = 0
  /// When a signal was last told, by its key.
  var told: [String: Timestamp] = [:]

  /// So long the same signal is no news.
  static let memory = Duration.seconds(86400)
  private static let fileName = "guard"

  func wasTold(_ key: String, at now: Timestamp) -> Timestamp? {
    told[key].flatMap { time in
      // A time in the future was told by a clock that was wrong.
      let age = now - time
      return age >= .zero && age < Self.memory ? time : nil
    }
  }

  mutating func tell(_ keys: [String], at now: Timestamp, on day: String) {
    wakeUps = wakeUpsOn(day) + 1
    self.day = day
    told = told.filter { wasTold($0.key, at: now) != nil }
    for key in keys { told[key] = now }
  }

  func wakeUpsOn(_ day: String) -> Int { day == self.day ? wakeUps : 0 }

  /// What cannot be read was never told: to tell twice is better than never.
  static func read(in directory: Directory) throws(Failure) -> GuardRecord {
    guard let bytes = try directory.open(fileName)?.readAll(limit: 16 << 20),
      let (header, start) = try? Header.parse(bytes)
    else { return GuardRecord() }
    var record = GuardRecord(day: header["Day"] ?? "", wakeUps: header["Wake-Ups"].flatMap { Int($0) } ?? 0)
    for line in String(decoding: bytes[start...], as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: "\t", maxSplits: 1)
      if parts.count == 2, let time = Timestamp(rfc3339: parts[0]) { record.told[String(parts[1])] = time }
    }
    return record
  }

  func write(in directory: Directory) throws(Failure) {
    let header = Header(["Day": day, "Wake-Ups": String(wakeUps)])
    let lines = told.sorted { $0.key < $1.key }.map { "\($0.value.rfc3339)\t\($0.key)\n" }
    try directory.replace(Self.fileName, with: header.bytes + Array(lines.joined().utf8))
  }
}
