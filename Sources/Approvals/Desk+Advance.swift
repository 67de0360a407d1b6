import Deliveries
import Roster
import Spool

extension Desk {
  /// Where a request stands.
  public enum State {
    /// No channel has confirmed it; this is the delivery that asks, and why it has not arrived, where it has failed.
    case unconfirmed(delivery: EntryID, failure: String?)
    case running(Proof, until: Timestamp)
    case decided
    case cancelled(String)
    /// Somebody has its lock.
    case busy
  }

  /// How often a request that nobody has got is tried anew.
  static let againAfter = Duration.seconds(900)

  /// The time of its file, where it is open.
  func modified(_ id: EntryID) throws(Failure) -> Timestamp? { try approvals[.hold].status(id.description)?.modified }

  /// Makes the next step of a request, if it is due: asks, starts its clock, reminds, or ends it.
  /// - Parameters:
  ///   - asOf: every reply to it that had come by then was judged; nil: they were not, and no deadline is kept.
  ///   - retrying: whether a delivery that has failed is tried anew, though its time has not come.
  public func advance(_ id: EntryID, asOf: Timestamp?, retrying: Bool = false) throws(Failure) -> State {
    guard let place = try approvals.locate(id) else {
      throw Failure(.unavailable, "\(id)", "the request was removed", do: "ask again under another key")
    }
    switch place.room {
    case .done: return .decided
    case .fail, .bad:
      // Who moves it there writes down why before he lets go of it.
      if place.room == .fail {
        guard let locked = try approvals.lock(place) else { return .busy }
        locked.release()
      }
      return .cancelled(approvals.lastReason(id) ?? "it lies in \(place.room.rawValue)/")
    case .hold, .wait, .new: break
    default: return .busy
    }
    guard let locked = try approvals.lock(place) else { return .busy }
    defer { locked.release() }
    if try locked.finishIfDecided() { return .decided }
    guard let request = try request(of: locked) else { return .cancelled("it is malformed") }
    if place.room == .hold {
      // Moved here by a person, it has the time of another room.
      let isNew = try Proof.read(id, in: approvals) == nil
      if isNew, let proof = try proof(of: locked, request) {
        try locked.move(to: .hold, time: proof.deadline, event: "asked", because: nil)
      }
    }
    if place.room == .hold, let proof = try proof(of: locked, request) {
      return try keepTime(locked, request, proof, asOf: asOf)
    }
    return try ask(locked, request, retrying: retrying)
  }

  /// The proof that a request has arrived: its own, else that of its delivery, from which it is written anew.
  func proof(of locked: LockedEntry, _ request: ApprovalRequest) throws(Failure) -> Proof? {
    if let proof = try Proof.read(locked.id, in: approvals) { return proof }
    guard let delivery = try deliveries.known(key: Self.key(locked.id)),
      let receipt = try deliveries.response(delivery),
      let proof = Proof(of: delivery, receipt, timeout: request.timeout)
    else { return nil }
    try proof.write(locked.id, in: approvals)
    return proof
  }

  /// The delivery that asks is found by the request alone.
  static func key(_ id: EntryID) -> String { "approval-\(id)" }

  private func ask(_ locked: LockedEntry, _ request: ApprovalRequest, retrying: Bool) throws(Failure) -> State {
    let (delivery, place) = try question(locked, request)
    switch place?.room {
    case .done:
      // With its receipt in out/ its deliverer hands it over at this moment, or has died: then it comes to re/ by the sweep.
      if try deliveries.response(delivery) == nil { try deliveries.sweep() }
      let isOnItsWay = try deliveries[.out].contains(delivery.description)
      guard let proof = try proof(of: locked, request) else {
        if isOnItsWay { return .busy }
        return try putOff(locked, delivery, "its receipt is gone; spool show \(delivery.short)")
      }
      try locked.move(
        to: .hold, time: proof.deadline, event: "asked",
        because: "arrived at \(proof.address) at \(proof.delivered.rfc3339Seconds) (\(proof.receipt)): open until "
          + proof.deadline.rfc3339Seconds)
      return .running(proof, until: proof.deadline)
    case .fail, .bad, .hold, nil:
      let reason = deliveries.lastReason(delivery) ?? "its delivery is gone"
      let isDue = try retrying ? true : isDue(locked)
      guard isDue, let place, place.room == .fail else { return try putOff(locked, delivery, reason) }
      try deliveries.carryOut(.retry, for: place, by: "wait-approval")
      return try putOff(locked, delivery, nil, anew: true)
    default: return try putOff(locked, delivery, nil)
    }
  }

  /// The delivery that asks, committed where it is not yet.
  private func question(_ locked: LockedEntry, _ request: ApprovalRequest) throws(Failure) -> (EntryID, Place?) {
    let key = Self.key(locked.id)
    if let known = try deliveries.known(key: key), let place = try deliveries.locate(known) { return (known, place) }
    let words = RequestWords(id: locked.id, request: request, spool: spool)
    // Also where it is known and lies nowhere: its publisher has died.
    let delivery = try words.asking().commit(to: spool, key: key, quietly: true).id
    return (delivery, try deliveries.locate(delivery))
  }

  private func isDue(_ locked: LockedEntry) throws(Failure) -> Bool {
    guard locked.place.room == .wait else { return false }
    return try locked.modified() <= .now
  }

  /// In `wait/` its mtime says when it is tried anew.
  private func putOff(
    _ locked: LockedEntry, _ delivery: EntryID, _ failure: String?, anew: Bool = false
  ) throws(Failure) -> State {
    let isMoved = locked.place.room != .wait
    let isDue = try isMoved || anew ? true : isDue(locked)
    if isDue {
      try locked.move(
        to: .wait, time: .now + Self.againAfter, event: "wait",
        because: isMoved ? "asked by delivery \(delivery): not confirmed yet" : nil)
    }
    return .unconfirmed(delivery: delivery, failure: failure)
  }

  private func keepTime(
    _ locked: LockedEntry, _ request: ApprovalRequest, _ proof: Proof, asOf: Timestamp?
  ) throws(Failure) -> State {
    // The file's time is a picture of the deadline; a person may put it off by it.
    let deadline = max(proof.deadline, try locked.modified())
    if let asOf, deadline < asOf {
      try finish(locked, request, Verdict(.timeout, digest: sha256(request.text), decided: .now), proof)
      return .decided
    }
    if let remind = request.remind {
      let number = Int((Timestamp.now - proof.delivered).nanoseconds / remind.nanoseconds)
      // One that was missed is not made up for.
      if number >= 1, Timestamp.now < deadline {
        let key = "\(Self.key(locked.id))-reminder-\(number)"
        if try deliveries.known(key: key) == nil {
          let words = RequestWords(id: locked.id, request: request, spool: spool)
          _ = try words.reminder(number, proof, until: deadline).commit(to: spool, key: key, quietly: true)
          hasWords = true
          approvals.log(locked.id, "== \(Timestamp.now.rfc3339Seconds) \(spool.tool): reminder \(number)\n")
        }
      }
    }
    return .running(proof, until: deadline)
  }

  /// Tells whom the spool's alerts go to that a request has reached nobody; once a day.
  /// - Returns: the alert's delivery, where it is a new one.
  public func shout(_ id: EntryID, _ reason: String) throws(Failure) -> EntryID? {
    guard let request = try request(id) else { return nil }
    let addresses = try Address.ofAlerts(in: spool)
    let words = RequestWords(id: id, request: request, spool: spool)
    let day = (Timestamp.now - id.time).nanoseconds / Duration.seconds(86400).nanoseconds
    let published = try words.unheard(reason, to: addresses).commit(
      to: spool, key: "approval-unheard-\(id)-\(day)", quietly: true)
    if published.isNew { spool.journal.write("unheard", queue: approvals.name, id: id, detail: reason) }
    if try deliveries.locate(published.id)?.room == .fail {
      spool.notice("\(id) has reached nobody, nor has the alert about it: \(reason): approve \(id.short), or reject it")
    }
    return published.isNew ? published.id : nil
  }

  /// What the tick does: every request's next step, whoever waits for it or does not.
  public func makeRound() throws(Failure) {
    let round = try tend()
    for room in Self.open {
      for place in try approvals.entries(in: room) {
        do throws(Failure) { try makeRound(place, round) } catch {
          if error.isFailedFlush { throw error }
          spool.notice("\(place.name.id): \(error)")
          // Its lock puts what cannot be read into bad/.
          if error.status == .malformed { try approvals.lock(place)?.release() }
        }
      }
    }
  }

  /// Whether there may be something to do about an open request. Its file's time is not before its deadline as long as nobody has
  /// set it: so most are not read each minute.
  private func isDue(_ place: Place) throws(Failure) -> Bool {
    guard let status = try approvals[.hold].status(place.fileName), status.modified > .now else { return true }
    if try Proof.read(place.name.id, in: approvals) == nil { return true }
    return try approvals.header(at: place)?["Remind"] != nil
  }

  private func makeRound(_ place: Place, _ round: Round) throws(Failure) {
    let id = place.name.id
    if place.room == .hold, try !isDue(place) { return }
    // Before it moves.
    let header = try approvals.header(at: place)
    guard case .unconfirmed(_, let failure) = try advance(id, asOf: round.asOf(id)) else { return }
    guard let header, let span = header["Confirm-Within"].flatMap({ Duration($0) })
    else { return }
    let addresses = (header["To"] ?? "").split(separator: ",").count
    // As long as its time runs, who waits for it tells.
    let isOver = Timestamp.now - id.time > span * addresses
    if let failure {
      _ = try shout(id, failure)
    } else if isOver {
      _ = try shout(id, "no address has confirmed it within \(span.spoken)")
    }
  }
}
