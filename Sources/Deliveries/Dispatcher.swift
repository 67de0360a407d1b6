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
  static let width = 6
  /// What is under way for longer than this is waited for, and takes no place from the others...
  static let stalled = Duration.seconds(1)
  /// ... as long as there are no more than so many processes of a channel.
  private static let stalledWidth = 48
  /// A claim is not kept for longer than this without being sent.
  static let claimPatience = Duration.seconds(10)
  /// When nobody can be reached it is tried again this soon, without an attempt counted.
  static let offlinePause = Duration.seconds(60)
  /// Of these to lines that have failed lately: a stalled address takes no place from the others.
  private static let probeWidth = 2

  let courier: Courier
  let queue: Queue
  /// What our caller has left us.
  private let budget: Deadline?
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

  /// Why a line may pause, and is waited for all the same.
  private let patience: Set<Line.Pause>

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
        if let claim = try claim(place) { try settleMalformed(claim) }
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

  /// Starts all that may start now.
  /// - Returns: when the next one may that is worth waiting for; nil where there is none.
  func start() throws(Failure) -> Deadline? {
    // What one channel fails to send may have gone on to another's line.
    while !askedToStop() {
      if try !startRound() { break }
    }
    if stopped != nil || isOverBudget { return nil }
    return fleets.values.compactMap { $0.nextTurn(patience) }.min()
  }

  /// What our caller has left is too short for a message: begun, it would be in doubt for nothing.
  private var isOverBudget: Bool { budget.map { $0.remaining < .seconds(1) } ?? false }

  /// - Returns: whether a line was looked at: there may be more to start now.
  private func startRound() throws(Failure) -> Bool {
    var isChanged = false
    for fleet in allFleets {
      fleet.resume()
      var aside: [Line] = []
      while stopped == nil, !isOverBudget, fleet.hasRoom(Self.width, stalled: Self.stalled, Self.stalledWidth),
        let line = fleet.next(Self.width)
      {
        if askedToStop() { break }
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
    let channel: Channel?
    var lane: Lane?
    do {
      channel = try self.channel(of: line.address, in: fleet)
      if let channel {
        if !line.isKnown { line.strikes = try lanes.strikes(line.address) }
        line.isKnown = true
        switch try lanes.take(line.address, of: channel, isExclusive: isOrdered) {
        case .mine(let mine): lane = mine
        case .free: break
        case .busy: return line.pause(for: .seconds(1), .others)
        case .later(let time): return try waitForTurn(of: line, time - .now)
        }
      }
    } catch {
      if error.isFailedFlush { throw error }
      // This way is barred; the others are not.
      queue.spool.notice("\(line.address): \(error)")
      return line.pause(for: Self.offlinePause, .failure)
    }
    // With the lane in hand: nobody else sends what is ordered now.
    if line.claimed.isEmpty, let pending = line.waiting.first, pending.isOrdered {
      let before: Place?
      do { before = try reader.predecessor(of: pending, isAlone: isSingle) } catch {
        lane?.leaveUnused()
        throw error
      }
      if let before {
        lane?.leaveUnused()
        return block(line, by: before)
      }
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

  /// A claim is kept for a short wait; for a longer one it is handed back.
  private func waitForTurn(of line: Line, _ span: Duration) throws(Failure) {
    line.pause(for: span, .pace)
    guard span > Self.claimPatience else { return }
    for flight in line.claimed { try putOff(flight, for: span) }
    line.claimed = []
  }

  /// All that is ordered in a line waits for what is to go before it.
  private func block(_ line: Line, by before: Place) {
    if let first = line.waiting.first {
      queue.note(first.place.name.id, "waits for \(before.name.id), which is to go before it (--ordered)")
    }
    if isSingle {
      // One that is being sent is soon over; what waits or is held may take for ever.
      return line.pause(for: .seconds(1), before.room == .run || before.room == .new ? .others : .failure)
    }
    // A courier looks again at its next round.
    line.waiting = line.waiting.filter { !$0.isOrdered }[...]
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
    if !line.claimed.isEmpty {
      let flight = line.claimed.removeFirst()
      guard flight.isExpired else { return flight }
      try giveUp(flight.claim, flight.delivery.addresses[0], "expired before it was sent to \(flight.address)")
      return nil
    }
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
    let notes = try DeliveryNotes.read(claim.id, in: queue, isFresh: claim.isFresh)
    let flight = Flight(claim, delivery, at: line.address, notes)
    // Crashes count as well.
    if claim.name.attempts >= flight.attempts {
      try giveUp(claim, line.address, "given up after \(claim.name.attempts) attempts")
      return nil
    }
    return flight
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
    if flight.isRepeat && !flight.isHarmless(on: channel) && !flight.claim.isFresh && !flight.notes.isReleased,
      flight.delivery.doubtPolicy != .resend
    {
      try settleDoubt(flight, "an attempt was cut off")
      return release(flight, from: line)
    }
    let deadline = Deadline.within(Channel.timeout)
    try flight.claim.setDeathTimer(deadline.remaining)
    // From here on it may have happened.
    try flight.begin()
    try flight.lane?.begin()
    do { flight.process = try process(for: flight, fleet, channel, until: deadline) } catch {
      let isFinal =
        error.errno.map { [.noSuchFileOrDirectory, .permissionDenied, .execFormatError].contains($0) } ?? false
      return try settle(flight, isFinal ? .permanent(error.description) : .refused(error.description))
    }
    fleet.began(flight)
    flight.isProbe = line.strikes > 0
    if flight.isProbe { fleet.probes += 1 }
    flights.append(flight)
  }

  private func process(
    for flight: Flight, _ fleet: Fleet, _ channel: Channel, until deadline: Deadline
  ) throws(Failure) -> ChannelProcess {
    let message = flight.message(for: channel)
    // One alone is not worth a session; and the simulated machine has none.
    guard channel.promise.hasSessions && Kernel.standIn == nil && !isSingle else {
      return try ChannelProcess(channel, message, environment, lock: flight.claim.file, until: deadline)
    }
    let process: ChannelProcess
    if let idle = fleet.idleProcess() { process = idle } else { process = try newSession(channel) }
    process.give(message, until: deadline)
    return process
  }

  private var environment: [String: String] {
    var environment = inheritedEnvironment()
    environment["SPOOL_DIR"] = courier.spool.path
    return environment
  }

  func newSession(_ channel: Channel) throws(Failure) -> ChannelProcess {
    try ChannelProcess(serving: channel, environment)
  }

  /// Claimed, and not under way: handed back.
  func handBack() throws(Failure) {
    for flight in allFleets.flatMap({ $0.takeClaimed() }) { try putOff(flight, for: .zero) }
  }

  func putOff(_ flight: Flight, for span: Duration) throws(Failure) {
    try tolerating { () throws(Failure) in
      try flight.clearDoubt()
      try flight.claim.putOff(flight.reasons.last ?? "it is not its turn", for: span)
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
