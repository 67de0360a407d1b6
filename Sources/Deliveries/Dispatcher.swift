import Glibc
import Roster
import Spool
import Work

/// Sends what is pending. Each address is a line of its own with one message at a time in it, in the order of publishing; lines
/// go side by side, so that a broken one holds up none of the others. One thread: channels are processes, and poll(2) tells of
/// them.
///
/// Here what is to be sent is put in line and started; `Dispatcher+Wait` waits for how that ends, `Dispatcher+Settle` says what
/// becomes of it.
final class Dispatcher {
  /// So many messages a channel sends at the same time. More would not be faster: each is several barriers of the disk.
  private static let width = 6
  /// Of these to lines that have failed lately: a stalled address takes no place from the others.
  private static let probeWidth = 2

  let courier: Courier
  let queue: Queue
  private let reader: PendingReader
  let lanes: Lanes
  /// By channel.
  private(set) var fleets: [String: Fleet] = [:]
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

  init(_ courier: Courier, isSingle: Bool) throws(Failure) {
    self.courier = courier
    self.isSingle = isSingle
    queue = try courier.queue()
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
    for fleet in fleets.values { fleet.clear() }
    for place in places where !underWay.contains(place.name.id) {
      guard let pending = try reader.read(place) else {
        // Who claims it sees what is wrong with it, and it goes to bad/ or fail/.
        if let claim = try claim(place) { try settleMalformed(claim) }
        continue
      }
      if pending.isExpired {
        try expire(pending)
      } else {
        let address = pending.addresses[pending.turn]
        let line = fleet(address.channel).line(address)
        line.waiting.append(pending)
        fleet(address.channel).enlist(line)
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

  /// Starts all that may start now.
  /// - Returns: when the next one may that is put off by its pace; nil where there is none.
  func start() throws(Failure) -> Deadline? {
    // What one channel fails to send may have gone on to another's line.
    while try startRound() {}
    if stopped != nil { return nil }
    return fleets.values.compactMap { $0.nextTurn(waitingForOthers: isSingle) }.min()
  }

  /// - Returns: whether a line was looked at: there may be more to start now.
  private func startRound() throws(Failure) -> Bool {
    var isChanged = false
    for fleet in allFleets where stopped == nil {
      fleet.resume()
      var aside: [Line] = []
      while stopped == nil, fleet.inFlight < Self.width, let line = fleet.next() {
        if line.strikes > 0 && fleet.probes >= Self.probeWidth {
          aside.append(line)
        } else {
          try startNext(of: line, in: fleet)
          fleet.enlist(line)
          isChanged = true
        }
      }
      for line in aside { fleet.enlist(line) }
    }
    return isChanged
  }

  /// Starts the first of a line, or puts the line off, or drops what is not there any more.
  private func startNext(of line: Line, in fleet: Fleet) throws(Failure) {
    let isOrdered = line.claimed.first?.delivery.isOrdered ?? line.waiting.first?.isOrdered ?? false
    let channel = try channel(of: line.address, in: fleet)
    var lane: Lane?
    if let channel {
      switch try lanes.take(line.address, of: channel, isExclusive: isOrdered) {
      case .mine(let mine): lane = mine
      case .free: break
      case .busy: return line.pause(for: .seconds(1), .others)
      case .later(let time): return line.pause(for: time - .now, .pace)
      }
    }
    // With the lane in hand: nobody else sends what is ordered now.
    if line.claimed.isEmpty, let pending = line.waiting.first, pending.isOrdered,
      let before = try reader.predecessor(of: pending)
    {
      lane?.leaveUnused()
      // Its end is an event for who waits here; a courier looks again at its next round.
      if isSingle { line.pause(for: .seconds(1), .others) } else { line.waiting.removeFirst() }
      queue.note(pending.place.name.id, "waits for \(before), which is to go before it (--ordered)")
      return
    }
    guard let flight = try takeFirst(of: line) else {
      lane?.leave()
      return
    }
    flight.lane = lane
    line.isBusy = true
    guard let channel else {
      return try settle(flight, .permanent("there is no channel \(line.address.channel)"))
    }
    try send(flight, line, fleet, channel)
  }

  private func channel(of address: Address, in fleet: Fleet) throws(Failure) -> Channel? {
    if !fleet.isKnown {
      fleet.channel = try Channel.find(
        address.channel, in: courier.spool, installed: courier.installedChannels, executable: courier.executable)
      fleet.isKnown = true
    }
    return fleet.channel
  }

  private func takeFirst(of line: Line) throws(Failure) -> Flight? {
    if !line.claimed.isEmpty { return line.claimed.removeFirst() }
    let pending = line.waiting.removeFirst()
    if pending.isExpired {
      try expire(pending)
      return nil
    }
    reader.forget(pending.place.name.id)
    guard let claim = try claim(pending.place) else { return nil }
    let delivery: Delivery
    do { delivery = try Delivery(claim.entry) } catch {
      try giveUp(claim, line.address, "malformed: \(error)")
      return nil
    }
    if claim.name.attempts >= delivery.attempts {
      try giveUp(claim, line.address, "given up after \(claim.name.attempts) attempts")
      return nil
    }
    return Flight(claim, delivery, turn: delivery.addresses.firstIndex(of: line.address) ?? 0)
  }

  /// This entry's own trouble (somebody moved it, its place is taken) stops no other.
  private func claim(_ place: Place) throws(Failure) -> Claim? {
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

  private func send(_ flight: Flight, _ line: Line, _ fleet: Fleet, _ channel: Channel) throws(Failure) {
    flight.channel = channel
    // Released or retried by a person, who has been told.
    if flight.isRepeat && !channel.promise.isIdempotent && !flight.claim.isFresh,
      flight.delivery.doubtPolicy != .resend
    {
      try settleDoubt(flight, "an attempt was cut off")
      return release(flight, from: line)
    }
    let deadline = Deadline.within(Channel.timeout)
    try flight.claim.setDeathTimer(deadline.remaining)
    // From here on it may have happened.
    try flight.claim.markInDoubt()
    try flight.lane?.begin()
    do { flight.process = try process(for: flight, fleet, channel, until: deadline) } catch {
      let isFinal =
        error.errno.map { [.noSuchFileOrDirectory, .permissionDenied, .execFormatError].contains($0) } ?? false
      return try settle(flight, isFinal ? .permanent(error.description) : .refused(error.description))
    }
    fleet.inFlight += 1
    flight.isProbe = line.strikes > 0
    if flight.isProbe { fleet.probes += 1 }
    flights.append(flight)
  }

  private func process(
    for flight: Flight, _ fleet: Fleet, _ channel: Channel, until deadline: Deadline
  ) throws(Failure) -> ChannelProcess {
    var environment = inheritedEnvironment()
    environment["SPOOL_DIR"] = courier.spool.path
    let message = flight.message(for: channel)
    // One alone is not worth a session; and the simulated machine has none.
    guard channel.promise.hasSessions && Kernel.standIn == nil && !isSingle else {
      return try ChannelProcess(channel, message, environment, lock: flight.claim.file, until: deadline)
    }
    var idle = fleet.idle.popLast()
    if idle == nil { idle = try ChannelProcess(serving: channel, environment) }
    let process = idle!
    process.give(message, until: deadline)
    return process
  }

  /// Claimed, and not under way: handed back.
  func handBack() throws(Failure) {
    for flight in allFleets.flatMap({ $0.takeClaimed() }) {
      flight.claim.clearDoubt()
      try tolerating { () throws(Failure) in
        try flight.claim.putOff(flight.reasons.last ?? "asked to stop", for: .zero)
      }
    }
  }

  /// Says in the log of what is still in line why it is not sent yet.
  func explainWaiting() throws(Failure) {
    for fleet in allFleets {
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
  private func expire(_ pending: Pending) throws(Failure) {
    reader.forget(pending.place.name.id)
    guard let header = try queue.header(at: pending.place) else { return }
    let time = pending.expires?.rfc3339Seconds ?? ""
    tell(pending.place.name.id, header, pending.addresses[pending.turn], "expired at \(time), before it was sent")
    _ = try claim(pending.place)
  }

  private func settleMalformed(_ claim: Claim) throws(Failure) {
    do { _ = try Delivery(claim.entry) } catch { return try giveUp(claim, nil, "malformed: \(error)") }
    // Somebody has mended it in between.
    try claim.putOff("its header has changed", for: .zero)
  }
}
