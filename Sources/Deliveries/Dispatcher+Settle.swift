import Roster
import Spool
import Work

extension Dispatcher {
  /// When nobody can be reached it is tried again this soon, without an attempt counted.
  private static let offlinePause = Duration.seconds(60)

  /// What becomes of a delivery by how a try to send it ended.
  func settle(_ flight: Flight, _ outcome: Outcome) throws(Failure) {
    let (claim, address) = (flight.claim, flight.address)
    let line = fleet(address.channel).line(address)
    // Before the delivery moves: until when nobody may send to this address, whoever it is.
    if let pause = outcome.retryAfter, pause > .zero {
      if flight.lane == nil { try lanes.pause(address, for: pause) }
      line.pause(for: pause, .failure)
    }
    try flight.lane?.end(notBefore: outcome.retryAfter)
    flight.lane = nil
    strike(line, outcome)
    var hasNext = false
    try tolerating { () throws(Failure) in
      switch outcome {
      case .sent(let receipt): try finish(flight, receipt)
      case .permanent(let reason):
        hasNext = flight.goOn(reason)
        if hasNext { return }
        claim.clearDoubt()
        try giveUp(claim, flight.delivery.addresses[0], flight.reasons.joined(separator: "; "))
      case .refused(let reason, let pause):
        claim.clearDoubt()
        // Told when to come back, it only waits its turn.
        if let pause {
          try claim.putOff("\(address): \(reason)", for: min(pause, flight.restOfTurn ?? pause))
        } else {
          try retry(flight, "\(address): \(reason)")
        }
      case .unreachable(let reason):
        claim.clearDoubt()
        let pause = min(Self.offlinePause, flight.restOfTurn ?? Self.offlinePause)
        try claim.putOff("\(address): \(reason)", for: pause)
      case .ambiguous(let reason):
        if flight.channel?.promise.isIdempotent == true || flight.delivery.doubtPolicy == .resend {
          try retry(flight, "\(address): \(reason): it may have been sent")
        } else {
          try settleDoubt(flight, "\(address): \(reason)")
        }
      case .stopped(let number): try claim.putOff("stopped by signal \(number) while it was being sent", for: .zero)
      }
    }
    release(flight, from: line)
    if hasNext {
      let fleet = fleet(flight.address.channel)
      fleet.line(flight.address).claimed.append(flight)
      fleet.enlist(fleet.line(flight.address))
    }
  }

  func release(_ flight: Flight, from line: Line) {
    flight.lane?.leave()
    flight.lane = nil
    line.isBusy = false
    fleet(line.address.channel).enlist(line)
  }

  /// A line that fails again and again is left alone for longer and longer; the others do not notice.
  private func strike(_ line: Line, _ outcome: Outcome) {
    switch outcome {
    case .sent: line.strikes = 0
    case .permanent, .stopped: break
    case .unreachable:
      line.strikes += 1
      line.pause(for: Self.offlinePause, .failure)
    case .refused, .ambiguous:
      line.strikes += 1
      if line.strikes > 1 { line.pause(for: .seconds(5 * (1 << min(line.strikes - 2, 4))), .failure) }
    }
  }

  private func finish(_ flight: Flight, _ receipt: String) throws(Failure) {
    let isMarked = flight.isRepeat && flight.channel?.promise.isIdempotent != true
    let header = Header([
      "From": "deliver", "Subject": flight.delivery.subject, "Channel": flight.address.channel,
      "Address": flight.address.value, "Delivered": Timestamp.now.rfc3339,
      "Attempt": String(flight.claim.name.attempts + 1),
      "Note": isMarked ? "may be a repeat: an earlier attempt was in doubt" : nil,
    ])
    try flight.claim.finish(
      [Product(.response, header: header, body: Array((receipt + "\n").utf8))], event: "delivered",
      detail: "delivered to \(flight.address)")
    courier.onSent(flight.claim.id, flight.address)
  }

  private func retry(_ flight: Flight, _ reason: String) throws(Failure) {
    let attempts = flight.claim.name.attempts
    if attempts + 1 >= flight.delivery.attempts {
      return try giveUp(flight.claim, flight.address, "\(reason): given up after \(attempts + 1) attempts")
    }
    let pause = Claim.backoff(attempt: attempts)
    try flight.claim.retry(reason, attempts: flight.delivery.attempts, after: min(pause, flight.restOfTurn ?? pause))
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
