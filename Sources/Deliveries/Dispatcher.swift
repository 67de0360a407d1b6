import Glibc
import Roster
import Spool
import Work

/// Sends what is pending. Each address is a line of its own with one message at a time in it, in the order of publishing; lines
/// go side by side, so that a broken one holds up none of the others. One thread: channels are processes, and poll(2) tells of
/// them.
///
/// Here what is to be sent is put in line; `Dispatcher+Start` starts it, `Dispatcher+Wait` waits for how that ends,
/// `Dispatcher+Settle` says what becomes of it.
final class Dispatcher {
  /// So many messages a channel sends at the same time. More would not be faster: each is several barriers of the disk.
  static let width = 6
  /// Of these to lines that have failed lately: a stalled address takes no place from the others.
  static let probeWidth = 2
  /// What is under way for longer than this is waited for, and takes no place from the others...
  static let stalled = Duration.seconds(1)
  /// ... as long as there are no more than so many processes of a channel.
  static let stalledWidth = 48
  /// A claim is not kept for longer than this without being sent.
  static let claimPatience = Duration.seconds(10)
  /// When nobody can be reached it is tried again this soon, without an attempt counted.
  static let offlinePause = Duration.seconds(60)

  let courier: Courier
  let queue: Queue
  /// What our caller has left us.
  let budget: Deadline?
  let reader: PendingReader
  let lanes: Lanes
  /// By channel.
  var fleets: [String: Fleet] = [:]
  var flights: [Flight] = []
  /// Sessions that are to end.
  var leaving: [ChannelProcess] = []
  var sessionsDue = Deadline(after: .zero)
  /// New alerts, which are deliveries themselves.
  var alerts: [EntryID] = []
  /// The signal that asked us to stop.
  var stopped: Int32?
  /// A place that was taken by another file: told at the end, by our exit.
  var trouble: Failure?
  /// Whether some deliveries are sent at once, by their ID and whatever their time in wait/; else what is due.
  let isSingle: Bool

  /// Why a line may pause, and is waited for all the same.
  let patience: Set<Line.Pause>

  init(_ courier: Courier, isSingle: Bool, patience: Set<Line.Pause>) throws(Failure) {
    self.courier = courier
    self.isSingle = isSingle
    self.patience = patience
    queue = try courier.queue()
    budget = Deadline.inherited()
    reader = PendingReader(queue)
    lanes = Lanes(queue)
  }

  func fleet(_ channel: String) -> Fleet {
    let fleet = fleets[channel] ?? Fleet()
    fleets[channel] = fleet
    return fleet
  }

  /// In a fixed order, so that a simulated run is the same each time.
  var allFleets: [Fleet] { fleets.keys.sorted().map { fleets[$0]! } }

  /// Puts what is ready into its line. What was in the lines and is not claimed is forgotten: this is the truth now.
  func arrange(_ places: some Sequence<Place>) throws(Failure) {
    let underWay = Set(flights.map(\.claim.id))
    reader.begin()
    for fleet in fleets.values { fleet.clear() }
    for place in places where !underWay.contains(place.name.id) {
      if askedToStop() { return }
      guard let pending = (try? reader.read(place)) ?? nil else {
        // Who claims it sees what is wrong with it, and it goes to bad/ or fail/.
        if let claim = try claim(place) { try tolerating { () throws(Failure) in try settleMalformed(claim) } }
        continue
      }
      if pending.isExpired {
        try expire(pending)
      } else {
        let fleet = fleet(pending.address.channel)
        fleet.line(pending.address).waiting.append(pending)
        fleet.enlist(fleet.line(pending.address))
      }
    }
  }

  /// What is ready in the queue, as places, and until when there is no more.
  func ready() throws(Failure) -> (places: [Place], nextDue: Duration?) {
    let ready = try queue.ready()
    var places: [Place] = []
    places.reserveCapacity(ready.places.count)
    for (room, fileName) in ready.places {
      guard let name = try? EntryName(fileName) else {
        // No entry's name: its claim puts it into bad/.
        _ = try queue.claim(fileName, in: room)
        continue
      }
      places.append(Place(room: room, fileName: fileName, name: name))
    }
    return (places, ready.nextDue)
  }

  /// Whether a recovery speaks of it: for the minute's round, a message that was just written is the usual thing.
  func isToldOf(_ name: EntryName) -> Bool {
    if courier.tellsOfNew || name.attempts > 0 || name.inDoubt || .now - name.id.time > Self.newFor { return true }
    return (try? queue[.log].contains("\(name.id).log")) ?? true
  }
  private static let newFor = Duration.seconds(60)

  /// This entry's own trouble (somebody moved it, its place is taken) stops no other.
  func claim(_ place: Place) throws(Failure) -> Claim? {
    var claimed: Claim?
    try tolerating { () throws(Failure) in
      let attempted =
        isSingle ? try queue.claim(place.name.id) : try queue.claim(place.fileName, in: place.room)
      if case .claimed(let claim) = attempted { claimed = claim }
    }
    return claimed
  }

  /// Does what concerns one delivery; its own trouble is told, and stops no other.
  func tolerating(_ action: () throws(Failure) -> Void) throws(Failure) {
    do { try action() } catch {
      guard [.no, .software, .notAllowed].contains(error.status) else { throw error }
      queue.spool.notice("\(queue.name): \(error)")
      if error.status == .software && trouble == nil { trouble = error }
    }
  }

  /// Claimed, and not under way: handed back.
  func handBack() throws(Failure) {
    for flight in allFleets.flatMap({ $0.takeClaimed() }) { try putOff(flight, for: .zero) }
  }

  func putOff(_ flight: Flight, for span: Duration) throws(Failure) {
    try tolerating { () throws(Failure) in
      flight.clearName()
      try flight.claim.putOff(flight.reasons.last ?? "it is not its turn", for: span)
    }
  }

  /// No byte of it went out: as if it had not been begun.
  func handBackUnsent(_ flight: Flight, _ reason: String, for span: Duration) throws(Failure) {
    try tolerating { () throws(Failure) in
      // The notes only add to what is asked about: where they cannot be written, so be it.
      do { try flight.clearDoubt() } catch { flight.clearName() }
      try flight.claim.putOff(reason, for: span)
    }
    release(flight, from: fleet(flight.address.channel).line(flight.address))
  }

  /// Says in the log of what is still in line why it is not sent yet.
  func explainWaiting() throws(Failure) {
    for fleet in allFleets {
      if isOverBudget, let pending = fleet.firstWaiting {
        queue.note(pending.place.name.id, "not begun: the time that our caller gave is over")
      }
      for line in fleet.pausedLines {
        guard let pause = line.pause, let pending = line.waiting.first else { continue }
        let time = (Timestamp.now + pause.until.remaining).rfc3339Seconds
        switch pause.why {
        case .pace, .failure: queue.note(pending.place.name.id, "\(line.address) takes the next message at \(time)")
        case .others where !pending.isOrdered:
          queue.note(pending.place.name.id, "another message to \(line.address) is under way")
        case .others: break
        }
      }
    }
  }

  /// Channels may have been installed or changed.
  func forgetChannels() { for fleet in fleets.values { fleet.isKnown = false } }

  /// The claim itself lets go what has expired.
  func expire(_ pending: Pending) throws(Failure) {
    reader.forget(pending.place.name.id)
    guard let header = try? queue.header(at: pending.place) else { return }
    let time = pending.expires?.rfc3339Seconds ?? ""
    tell(pending.place.name.id, header, pending.address, "expired at \(time), before it was sent")
    _ = try claim(pending.place)
  }

  private func settleMalformed(_ claim: Claim) throws(Failure) {
    do { _ = try Delivery(claim.entry) } catch { return try giveUp(claim, nil, "malformed: \(error)") }
    // Somebody has mended it in between.
    try claim.putOff("its header has changed", for: .zero)
  }
}
