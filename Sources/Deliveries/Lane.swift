import Roster
import Spool

/// The way to one address, as all processes see it: `deliveries/lanes/CHANNEL-HASH`, which says when the last messages went
/// and until when none may go. Its lock is held while a message is under way, where the address has a pace or an order.
struct Lane {
  /// Open for reading only: the end of a file that was open for writing is an event, and who waits here would wake himself
  /// by looking.
  private let file: File
  private let directory: Directory
  private let what: String
  private var sent: [Timestamp]
  /// So many times are kept: what the pace counts.
  private let memory: Int
  private var notBefore: Timestamp?
  /// Failures in a row.
  private var strikes = 0

  /// What a try for it gave.
  enum Taken {
    case mine(Lane)
    /// Somebody else is sending to it.
    case busy
    case later(Timestamp)
    /// There is nothing to keep to.
    case free
  }

  private init(
    _ file: File, _ what: String, in directory: Directory, _ rates: [Pace.Rate] = []
  ) throws(Failure) {
    self.file = file
    self.directory = directory
    self.what = what
    let text = String(decoding: try file.readAll(limit: 65536) ?? [], as: UTF8.self)
    let now = Timestamp.now
    var sent: [Timestamp] = []
    for line in text.split(separator: "\n") {
      // Whatever a cut or an editor has left there: what is no time of the past says nothing.
      if line.hasPrefix("Sent: ") {
        sent = line.dropFirst(6).split(separator: " ").compactMap { Timestamp(rfc3339: $0) }.filter { $0 <= now }
      } else if line.hasPrefix("Not-Before: "), let time = Timestamp(rfc3339: line.dropFirst(12).trimmed) {
        // As in wait/: what lies more than 24 h ahead is a clock that has jumped.
        notBefore = time > now && time <= now + .seconds(86400) ? time : nil
      } else if line.hasPrefix("Failures: ") {
        strikes = Int(line.dropFirst(10)).map { max(0, $0) } ?? 0
      }
    }
    self.sent = sent.sorted()
    memory = rates.map(\.count).max() ?? max(1, sent.count)
  }

  /// - Parameters:
  ///   - isExclusive: whether it is kept while the message is under way; where it has a pace it always is.
  ///   - waits: for who holds it, which must be short.
  static func take(
    _ what: String, _ rates: [Pace.Rate], isExclusive: Bool, waits: Bool = false, in directory: Directory
  ) throws(Failure) -> Taken {
    let name = Lanes.fileName(what)
    guard isExclusive || !rates.isEmpty else {
      // Only what somebody was told to keep to.
      guard let file = try directory.open(name) else { return .free }
      return try Lane(file, what, in: directory).notBefore.map { .later($0) } ?? .free
    }
    let file = try open(name, in: directory)
    if waits { try file.lock() } else if try !file.tryLock() { return .busy }
    let lane = try Lane(file, what, in: directory, rates)
    let next = [lane.notBefore, Pace.next(after: lane.sent, rates)].compactMap { $0 }.max()
    if let next, next > .now {
      file.unlock()
      return .later(next)
    }
    return .mine(lane)
  }

  private static func open(_ name: String, in directory: Directory) throws(Failure) -> File {
    if let file = try directory.open(name) { return file }
    _ = try directory.openOrCreate(name)
    guard let file = try directory.open(name) else { throw Failure(.tryAgain, directory.path(of: name), "was removed") }
    return file
  }

  /// A message goes out now.
  mutating func begin() throws(Failure) {
    sent.append(.now)
    try write()
  }

  /// It is over. The pace counts from here.
  mutating func end(notBefore pause: Duration?) throws(Failure) {
    if !sent.isEmpty { sent[sent.count - 1] = .now }
    if let pause { self.pause(for: pause) }
    try write()
    leave()
  }

  /// The lock's fall makes no event: the time's change wakes who waits.
  func leave() {
    file.unlock()
    try? file.setModified(.now)
  }

  /// Nothing was sent: nobody need look.
  func leaveUnused() { file.unlock() }

  /// Changes what it says, where nobody holds it: who does writes what he knows.
  static func change(_ what: String, in directory: Directory, _ change: (inout Lane) -> Void) throws(Failure) {
    let file = try open(Lanes.fileName(what), in: directory)
    guard try file.tryLock() else { return }
    var lane = try Lane(file, what, in: directory)
    change(&lane)
    try lane.write()
    lane.leave()
  }

  /// Nothing is to go there before its end, whoever sends.
  mutating func pause(for span: Duration) { notBefore = .now + min(span, .seconds(86400)) }

  mutating func note(strikes: Int) { self.strikes = strikes }

  static func strikes(_ what: String, in directory: Directory) throws(Failure) -> Int {
    guard let file = try directory.open(Lanes.fileName(what)) else { return 0 }
    return try Lane(file, what, in: directory).strikes
  }

  private mutating func write() throws(Failure) {
    sent = sent.suffix(memory)
    var text = "Address: \(what)\n"
    if !sent.isEmpty { text += "Sent: \(sent.map(\.rfc3339).joined(separator: " "))\n" }
    if strikes > 0 { text += "Failures: \(strikes)\n" }
    if let notBefore, notBefore > .now { text += "Not-Before: \(notBefore.rfc3339)\n" }
    let file = try directory.openOrCreate(Lanes.fileName(what))
    // In this order: killed in between, what is left of an older text stands behind the new one.
    try file.write(Array(text.utf8))
    try file.truncate(to: text.utf8.count)
  }
}

/// The lanes of the queue of deliveries.
public final class Lanes {
  private let queue: Queue
  private var opened: Directory?

  public init(_ queue: Queue) { self.queue = queue }

  var directory: Directory {
    get throws(Failure) {
      if let opened { return opened }
      let made = try Directory.making("lanes", in: queue.directory)
      opened = made
      return made
    }
  }

  /// An address may have any length and any characters.
  static func fileName(_ what: String) -> String { "\(what.prefix { $0 != ":" })-\(sha256(what.utf8).prefix(16))" }

  /// The address's own lane, and a place in what its channel may send in all.
  func take(_ address: Address, of channel: Channel, isExclusive: Bool) throws(Failure) -> Lane.Taken {
    let pace = channel.promise.pace
    let taken = try Lane.take(
      address.description, pace.rates(for: address.value), isExclusive: isExclusive, in: directory)
    guard !pace.ratesForAll.isEmpty else { return taken }
    var own: Lane?
    switch taken {
    case .busy, .later: return taken
    case .mine(let lane): own = lane
    case .free: break
    }
    let all = try Lane.take(channel.name, pace.ratesForAll, isExclusive: true, waits: true, in: directory)
    guard case .mine(var lane) = all else {
      own?.leaveUnused()
      return all
    }
    try lane.begin()
    lane.leave()
    return taken
  }

  /// A lane that is no address's.
  func take(_ what: String, _ rates: [Pace.Rate]) throws(Failure) -> Lane.Taken {
    try Lane.take(what, rates, isExclusive: true, in: directory)
  }

  func pause(_ address: Address, for pause: Duration) throws(Failure) {
    try Lane.change(address.description, in: directory) { $0.pause(for: pause) }
  }

  func note(_ address: Address, strikes: Int) throws(Failure) {
    try Lane.change(address.description, in: directory) { $0.note(strikes: strikes) }
  }

  /// How often in a row the last messages to an address have failed, whoever sent them.
  func strikes(_ address: Address) throws(Failure) -> Int { try Lane.strikes(address.description, in: directory) }

  /// Removes those that nobody has used for a day: no pace counts that far.
  public func removeOld() throws(Failure) {
    for name in try directory.names() {
      guard let file = try directory.open(name), try file.tryLock() else { continue }
      if try file.status().modified + .seconds(86400) < .now { try directory.unlink(name) }
      file.unlock()
    }
  }
}
