import Roster
import Spool
import Work

/// A claimed delivery on its way: from address to address, until it is settled.
final class Flight {
  let claim: Claim
  let delivery: Delivery
  /// Of the address whose turn it is.
  private var turn: Int
  /// Of the address and of the channel, while they are ours.
  var lane: Lane?
  var channel: Channel?
  var process: ChannelProcess?
  /// It went to a line that had failed lately.
  var isProbe = false
  /// What the attempts before have left.
  var notes: DeliveryNotes
  /// Why the addresses before this one failed for good.
  private(set) var reasons: [String] = []
  /// Given to a second session, for the first had ended before it read it.
  var wasGivenAgain = false
  /// Whoever asked is told when it is sent.
  var isTold = true

  init(_ claim: Claim, _ delivery: Delivery, at address: Address, _ notes: DeliveryNotes) {
    self.claim = claim
    self.delivery = delivery
    self.notes = notes
    isRepeat = claim.foundInDoubt
    turn = delivery.addresses.firstIndex(of: address) ?? 0
    wasReleased = notes.isReleased
    wasDoubtful = notes.doubtful.contains(address.description)
  }

  /// What was just tried may have been sent.
  func keepDoubt() {
    isRepeat = true
    hasNewDoubt = true
  }
  private var hasNewDoubt = false

  /// Whether it is sent again though it may have been sent: a person, who had been told, has let it go.
  var isReleased: Bool { claim.foundInDoubt && !hasNewDoubt && (claim.isFresh || notes.isReleased) }

  var address: Address { delivery.addresses[turn] }
  private var hasOthers: Bool { delivery.addresses.count > 1 }

  /// An earlier attempt may have sent it, or this one at another address.
  private(set) var isRepeat: Bool

  /// Whether sending it again does no harm: what may have gone out went out here, and the same ID twice is once.
  func isHarmless(on channel: Channel) -> Bool {
    channel.promise.isIdempotent && (!hasOthers || notes.isOnlyDoubtful(at: address))
  }

  var isExpired: Bool { delivery.expires.map { $0 <= .now } ?? false }

  /// So many attempts in all: each address has its own.
  var attempts: Int { delivery.attempts * (notes.failed.count + 1) }

  /// Before the first byte: durable in the name, and of several addresses which.
  func begin() throws(Failure) {
    wasItsTurn = isItsTurn
    if hasOthers && claim.foundInDoubt { notes.doubtSomewhere() }
    if hasOthers || wasReleased { try notes.begin(address) }
    try claim.markInDoubt()
  }
  /// What the notes had of this address, and of a person, before this attempt.
  private var wasDoubtful: Bool
  private let wasReleased: Bool

  /// Nothing is under way: its name keeps the doubt that there was before.
  func clearName() { if !isRepeat { claim.clearDoubt() } }

  /// Definitely nothing was sent by this attempt.
  func clearDoubt() throws(Failure) {
    clearName()
    // What a person has let go is not asked about again, before it has gone.
    let isReleased = claim.foundInDoubt && (claim.isFresh || wasReleased)
    if hasOthers || isReleased { try notes.clear(address, wasDoubtful: wasDoubtful, isReleased: isReleased) }
  }

  /// This address has failed for good.
  /// - Returns: whether there is another that has not.
  func goOn(_ reason: String) throws(Failure) -> Bool {
    reasons.append("\(address): \(reason)")
    guard hasOthers else { return false }
    try notes.fail(address)
    for step in 1..<delivery.addresses.count {
      let next = (turn + step) % delivery.addresses.count
      if notes.failed.contains(delivery.addresses[next].description) { continue }
      turn = next
      wasDoubtful = notes.doubtful.contains(address.description)
      wasGivenAgain = false
      return true
    }
    return false
  }

  private var isItsTurn: Bool {
    turn == Delivery.turn(of: delivery.addresses.count, since: claim.id.time, confirmWithin: delivery.confirmWithin)
  }
  /// This attempt was begun in its address's own turn.
  private var wasItsTurn = false

  /// How long until it is the next address's turn anyway; zero where that has come while this one was tried.
  var restOfTurn: Duration? {
    guard let span = delivery.confirmWithin, delivery.addresses.count > 1 else { return nil }
    if wasItsTurn && !isItsTurn { return .zero }
    let past = max(0, (Timestamp.now - claim.id.time).nanoseconds)
    return .nanoseconds(span.nanoseconds - past % span.nanoseconds)
  }

  /// What a try may take: no more than its address has, or has left, to confirm it.
  var longestAttempt: Duration {
    guard let span = restOfTurn ?? delivery.confirmWithin else { return Channel.timeout }
    return min(Channel.timeout, max(span, .seconds(1)))
  }

  /// What the channel is told.
  func message(for channel: Channel) -> ChannelMessage {
    var message = ChannelMessage(id: claim.id, to: address.value)
    message.attempt = claim.name.attempts + 1
    message.subject = delivery.subject
    message.speaker = delivery.speaker
    message.format = delivery.format
    message.isRepeat = isRepeat
    message.question = delivery.question
    message.replaces = delivery.replaces
    message.answers = delivery.answers
    message.text = delivery.text
    if isRepeat && !isHarmless(on: channel) && !channel.promise.marksRepeats {
      message.text = Array("\(message.repeatMark)\n".utf8) + message.text
    }
    return message
  }
}
