import Roster
import Spool
import Work

extension Dispatcher {
  /// What becomes of a delivery by how a try to send it ended.
  func settle(_ flight: Flight, _ outcome: Outcome) throws(Failure) {
    let (claim, address) = (flight.claim, flight.address)
    let line = fleet(address.channel).line(address)
    // Before the delivery moves: until when nobody may send to this address, whoever it is.
    if let pause = outcome.retryAfter, pause > .zero {
      if flight.lane == nil { try? lanes.pause(address, for: pause) }
      line.pause(for: pause, .failure)
    }
    // What cannot be written there was kept to by us all the same.
    do { try flight.lane?.end(notBefore: outcome.retryAfter) } catch { flight.lane?.leave() }
    flight.lane = nil
    strike(line, outcome)
    var hasNext = false
    // A disk that is full concerns all: what is under way is settled, and nothing more is begun.
    var full: Failure?
    try tolerating { () throws(Failure) in
      switch outcome {
      case .sent(let receipt):
        do throws(Failure) { try finish(flight, receipt) } catch {
          guard error.status == .tryAgain else { throw error }
          full = error
          try keepUnrecorded(flight, "\(address): sent (\(receipt)), but that could not be recorded: \(error.why)")
        }
      case .permanent(let reason):
        hasNext = try goOn(flight, reason)
      case .refused(let reason, let pause):
        try flight.clearDoubt()
        // Told when to come back, it only waits its turn.
        if let pause {
          try claim.putOff("\(address): \(reason)", for: min(pause, flight.restOfTurn ?? pause))
        } else {
          hasNext = try retry(flight, reason)
        }
      case .unreachable(let reason):
        try flight.clearDoubt()
        let pause = min(Self.offlinePause, flight.restOfTurn ?? Self.offlinePause)
        try claim.putOff("\(address): \(reason)", for: pause)
      case .ambiguous(let reason):
        flight.keepDoubt()
        if flight.channel?.promise.isIdempotent == true || flight.delivery.doubtPolicy == .resend {
          hasNext = try retry(flight, "\(reason): it may have been sent")
        } else {
          try settleDoubt(flight, "\(address): \(reason)")
        }
      case .stopped(let number): try claim.putOff("stopped by signal \(number) while it was being sent", for: .zero)
      }
    }
    release(flight, from: line)
    if hasNext { try moveOn(flight) }
    if let full { throw full }
  }

  /// An address has failed for good.
  /// - Returns: whether there is another one; else it was given up.
  private func goOn(_ flight: Flight, _ reason: String) throws(Failure) -> Bool {
    try flight.clearDoubt()
    if try flight.goOn(reason) { return true }
    try giveUp(flight.claim, flight.delivery.addresses[0], flight.reasons.joined(separator: "; "))
    return false
  }

  /// Into the line of its next address; not as a claim where that one must wait.
  private func moveOn(_ flight: Flight) throws(Failure) {
    let fleet = fleet(flight.address.channel)
    let line = fleet.line(flight.address)
    if line.isPaused, let pause = line.pause?.until.remaining, pause > Self.claimPatience {
      return try putOff(flight, for: pause)
    }
    line.claimed.append(flight)
    fleet.enlist(line)
  }

  /// Gives the line of a flight free.
  func release(_ flight: Flight, from line: Line) {
    flight.lane?.leave()
    flight.lane = nil
    line.isBusy = false
    fleet(line.address.channel).enlist(line)
  }

  /// A line that fails again and again is left alone for longer and longer; the others do not notice. How often is kept in its
  /// lane, so that the next process knows it.
  private func strike(_ line: Line, _ outcome: Outcome) {
    let before = line.strikes
    switch outcome {
    case .sent: line.strikes = 0
    case .permanent, .stopped: break
    // Told when, it has not failed.
    case .refused(_, after: .some): break
    case .unreachable:
      line.strikes += 1
      line.pause(for: Self.offlinePause, .failure)
    case .refused, .ambiguous:
      line.strikes += 1
      if line.strikes > 1 { line.pause(for: .seconds(5 * (1 << min(line.strikes - 2, 4))), .failure) }
    }
    // A story: where it cannot be written, the next process finds out for itself.
    if line.strikes != before { try? lanes.note(line.address, strikes: line.strikes) }
  }

  private func finish(_ flight: Flight, _ receipt: String) throws(Failure) {
    let isMarked = flight.isRepeat && flight.channel.map { !flight.isHarmless(on: $0) } ?? false
    let header = Header([
      "From": "deliver", "Subject": flight.delivery.subject, "Channel": flight.address.channel,
      "Address": flight.address.value, "Delivered": Timestamp.now.rfc3339,
      "Attempt": String(flight.claim.name.attempts + 1),
      "Note": isMarked ? "may be a repeat: an earlier attempt was in doubt" : nil,
    ])
    try flight.claim.finish(
      [Product(.response, header: header, body: Array((receipt + "\n").utf8))], event: "delivered",
      detail: "delivered to \(flight.address)")
    if flight.isTold { courier.onSent(flight.claim.id, flight.address) }
  }

  /// - Returns: whether its attempts at this address are over, and it is another one's turn.
  private func retry(_ flight: Flight, _ reason: String) throws(Failure) -> Bool {
    let made = flight.claim.name.attempts + 1
    if made >= flight.attempts {
      let whole = "\(reason): given up after \(made.attempts)"
      if try flight.goOn(whole) {
        try flight.claim.countAttempt()
        return true
      }
      try giveUp(flight.claim, flight.address, flight.reasons.joined(separator: "; "))
      return false
    }
    let pause = Claim.backoff(attempt: flight.claim.name.attempts)
    try flight.claim.retry(
      "\(flight.address): \(reason)", attempts: .max, after: min(pause, flight.restOfTurn ?? pause))
    return false
  }

  /// It has arrived, and there is no room to say so: it goes nowhere else, and here again, marked, only to be recorded.
  private func keepUnrecorded(_ flight: Flight, _ reason: String) throws(Failure) {
    guard flight.claim.name.attempts + 1 < flight.attempts else {
      return try giveUp(flight.claim, flight.address, reason)
    }
    try flight.claim.retry(reason, attempts: .max)
  }

  /// By the policy for what may have gone out already, on a channel that cannot tell.
  func settleDoubt(_ flight: Flight, _ reason: String) throws(Failure) {
    let reason = "\(reason): in doubt: it may have been sent"
    guard flight.delivery.doubtPolicy == .hold else {
      return try giveUp(flight.claim, flight.address, "\(reason); not sent again (--in-doubt drop)")
    }
    tell(flight.claim.id, flight.claim.entry.header, flight.address, reason, isHeld: true)
    try flight.claim.hold("\(reason): spool release sends it again, spool cancel gives it up")
  }

  /// - Parameter address: the one that an alert is about; nil where it has none.
  func giveUp(_ claim: Claim, _ address: Address?, _ reason: String) throws(Failure) {
    tell(claim.id, claim.entry.header, address, reason)
    try claim.fail(reason)
  }

  func tell(_ id: EntryID, _ header: Header, _ address: Address?, _ reason: String, isHeld: Bool = false) {
    let alert = DeadLetter(spool: courier.spool, lanes: lanes).tell(id, header, to: address, reason, isHeld: isHeld)
    if let alert { alerts.append(alert) }
  }
}
