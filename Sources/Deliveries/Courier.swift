import Roster
import Spool
import Work

/// Carries deliveries out: each claim is sent, and settled by how that ended.
public struct Courier {
  public var spool: SpoolDirectory
  /// Where the installed channels lie, and our own executable, which is the built-in ones.
  public var installedChannels: String?
  public var executable: String?
  /// Told of each delivery that was sent.
  public var onSent: (EntryID, Address) -> Void = { _, _ in }

  public init(spool: SpoolDirectory, installedChannels: String?, executable: String?) {
    self.spool = spool
    self.installedChannels = installedChannels
    self.executable = executable
  }

  /// When nobody can be reached it is tried again this soon, without an attempt counted.
  private static let offlinePause = Duration.seconds(60)

  public func queue() throws(Failure) -> Queue { try spool.queue(Delivery.queueName, making: true) }

  /// Sends a claimed delivery: to its first address, and after a permanent failure to the next.
  public func carry(_ claim: Claim) throws(Failure) -> Worker.Verdict {
    let delivery: Delivery
    do { delivery = try Delivery(claim.entry) } catch {
      try claim.fail("malformed: \(error)")
      return .goOn
    }
    if claim.name.attempts >= delivery.attempts {
      try claim.fail("given up after \(claim.name.attempts) attempts")
      return .goOn
    }
    var reasons: [String] = []
    for address in delivery.addresses {
      guard
        let channel = try Channel.find(
          address.channel, in: spool, installed: installedChannels, executable: executable)
      else {
        reasons.append("there is no channel \(address.channel)")
        continue
      }
      let isRepeat = claim.foundInDoubt
      // Released or retried by a person, who has been told.
      if isRepeat && !channel.isIdempotent && !claim.isFresh, try !mayRepeat(delivery, claim) { return .goOn }
      let (outcome, stop) = try channel.send(delivery, to: address, claim: claim, isRepeat: isRepeat)
      let verdict = stop.map { Worker.Verdict.stop($0) } ?? .goOn
      switch outcome {
      case .sent(let receipt):
        try finish(claim, delivery, address, receipt: receipt, isRepeat: isRepeat && !channel.isIdempotent)
        return verdict
      case .permanent(let reason): reasons.append("\(address): \(reason)")
      case .refused(let reason, let pause):
        claim.clearDoubt()
        // Told when to come back, it only waits its turn.
        if let pause {
          try claim.putOff("\(address): \(reason)", for: pause)
        } else {
          try claim.retry("\(address): \(reason)", attempts: delivery.attempts)
        }
        return verdict
      case .unreachable(let reason):
        claim.clearDoubt()
        try claim.putOff("\(address): \(reason)", for: Self.offlinePause)
        return verdict
      case .ambiguous(let reason):
        try settleDoubt(delivery, claim, channel, "\(address): \(reason)")
        return verdict
      case .stopped(let number):
        try claim.putOff("stopped by signal \(number) while it was being sent", for: .zero)
        return .stop(number)
      }
    }
    claim.clearDoubt()
    try claim.fail(reasons.joined(separator: "; "))
    return .goOn
  }

  /// By the policy for what may have gone out already; false where the claim was settled by it.
  private func mayRepeat(_ delivery: Delivery, _ claim: Claim) throws(Failure) -> Bool {
    switch delivery.doubtPolicy {
    case .resend: return true
    case .hold:
      try claim.hold("in doubt: it may have been sent: spool release sends it again, spool cancel gives it up")
    case .drop: try claim.fail("in doubt: it may have been sent; not sent again (--in-doubt drop)")
    }
    return false
  }

  private func settleDoubt(_ delivery: Delivery, _ claim: Claim, _ channel: Channel, _ reason: String) throws(Failure) {
    if channel.isIdempotent || delivery.doubtPolicy == .resend {
      try claim.retry("\(reason): it may have been sent", attempts: delivery.attempts)
    } else {
      _ = try mayRepeat(delivery, claim)
    }
  }

  private func finish(
    _ claim: Claim, _ delivery: Delivery, _ address: Address, receipt: String, isRepeat: Bool
  ) throws(Failure) {
    let header = Header([
      "From": "deliver", "Subject": delivery.subject, "Channel": address.channel, "Address": address.value,
      "Delivered": Timestamp.now.rfc3339, "Attempt": String(claim.name.attempts + 1),
      "Note": isRepeat ? "may be a repeat: an earlier attempt was in doubt" : nil,
    ])
    try claim.finish(
      [Product(.response, header: header, body: Array((receipt + "\n").utf8))], event: "delivered",
      detail: "delivered to \(address)")
    onSent(claim.id, address)
  }

  /// Everything that is due, oldest first.
  /// - Parameter found: told how many there are, if there are any.
  /// - Returns: the signal that ended it; nil where all was tried.
  public func recover(found: (Int) -> Void) throws(Failure) -> Int32? {
    let queue = try queue()
    try queue.sweep()
    let pending = try queue.ready().places.count
    if pending == 0 { return nil }
    found(pending)
    return try worker(queue).run(once: true) { claim throws(Failure) in try carry(claim) }
  }

  /// Resident: sends what lands, as it lands.
  public func watch() throws(Failure) -> Int32? {
    try worker(queue()).run(once: false) { claim throws(Failure) in try carry(claim) }
  }

  private func worker(_ queue: Queue) -> Worker {
    // Each delivery says itself how often it is tried.
    var worker = Worker(queue: queue, attempts: .max)
    worker.takesDrops = true
    return worker
  }
}
