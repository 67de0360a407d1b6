import Roster
import Spool
import Work

extension Dispatcher {
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
  var isOverBudget: Bool { budget.map { $0.remaining < .seconds(1) } ?? false }

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
      if let first = line.waiting.first { queue.note(first.place.name.id, "\(line.address): \(error)") }
      for flight in line.claimed { try putOff(flight, for: Self.offlinePause) }
      line.claimed = []
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
      lane?.leaveUnused()
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
      let reason = "expired before it was sent to \(flight.address)"
      try tolerating { () throws(Failure) in
        flight.clearName()
        try giveUp(flight.claim, flight.delivery.addresses[0], reason)
      }
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
      let reason = "malformed: \(error)"
      try tolerating { () throws(Failure) in try giveUp(claim, line.address, reason) }
      return nil
    }
    if let question = delivery.question, try isOver(question) {
      try tolerating { () throws(Failure) in try claim.fail("the request \(question) is over: nobody is asked any more")
      }
      return nil
    }
    let notes = try DeliveryNotes.read(claim.id, in: queue, isFresh: claim.isFresh)
    let flight = Flight(claim, delivery, at: line.address, notes)
    flight.isTold = isToldOf(claim.name)
    // Crashes count as well.
    if claim.name.attempts >= flight.attempts {
      try tolerating { () throws(Failure) in
        try giveUp(claim, line.address, "given up after \(claim.name.attempts.attempts)")
      }
      return nil
    }
    return flight
  }

  /// Whether a request is decided or given up: then its question is none any more.
  private func isOver(_ question: EntryID) throws(Failure) -> Bool {
    guard let place = try? courier.spool.queue(Delivery.questionQueueName).locate(question) else { return false }
    return [.done, .fail, .bad].contains(place.room)
  }

  private func send(_ flight: Flight, _ line: Line, _ fleet: Fleet, _ channel: Channel) throws(Failure) {
    flight.channel = channel
    if flight.isRepeat && !flight.isHarmless(on: channel) && !flight.isReleased, flight.delivery.doubtPolicy != .resend
    {
      try tolerating { () throws(Failure) in try settleDoubt(flight, "an attempt was cut off") }
      return release(flight, from: line)
    }
    let deadline = Deadline.within(flight.longestAttempt)
    var isBegun = false
    do {
      try flight.lane?.begin()
      try tolerating { () throws(Failure) in
        try flight.claim.setDeathTimer(deadline.remaining)
        // From here on it may have happened.
        try flight.begin()
        isBegun = true
      }
    } catch {
      // No byte went out; but for a failed fsync its name may say so.
      if !error.isFailedFlush { try? handBackUnsent(flight, error.description, for: Self.offlinePause) }
      throw error
    }
    guard isBegun else { return release(flight, from: line) }
    do { flight.process = try process(for: flight, fleet, channel, until: deadline) } catch {
      if error.mayHaveHappened { return try settle(flight, .ambiguous(error.description)) }
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
    if let idle = idleProcess(of: fleet) { process = idle } else { process = try newSession(channel) }
    process.give(message, until: deadline)
    return process
  }

  /// A session that has nothing to do, and may get another message.
  private func idleProcess(of fleet: Fleet) -> ChannelProcess? {
    while let process = fleet.idle.popLast() {
      if process.isReady { return process }
      if process.hasEnded { continue }
      process.dismiss()
      leaving.append(process)
    }
    return nil
  }

  private var environment: [String: String] {
    var environment = inheritedEnvironment()
    environment["SPOOL_DIR"] = courier.spool.path
    return environment
  }

  func newSession(_ channel: Channel) throws(Failure) -> ChannelProcess {
    try ChannelProcess(serving: channel, environment)
  }
}
