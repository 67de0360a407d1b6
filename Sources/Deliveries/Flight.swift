import Roster
import Spool
import Work

/// A claimed delivery on its way: from address to address, until it is settled.
final class Flight {
  let claim: Claim
  let delivery: Delivery
  /// The address whose turn it is.
  private(set) var turn: Int
  /// Of the address and of the channel, while they are ours.
  var lane: Lane?
  var channel: Channel?
  var process: ChannelProcess?
  /// It went to a line that had failed lately.
  var isProbe = false
  /// Why the addresses before this one failed for good.
  private(set) var reasons: [String] = []
  private var left: Int

  init(_ claim: Claim, _ delivery: Delivery, turn: Int) {
    self.claim = claim
    self.delivery = delivery
    self.turn = turn
    left = delivery.addresses.count
  }

  var address: Address { delivery.addresses[turn] }

  /// An earlier attempt may have sent it.
  var isRepeat: Bool { claim.foundInDoubt }

  /// This address has failed for good.
  /// - Returns: whether there is another.
  func goOn(_ reason: String) -> Bool {
    reasons.append("\(address): \(reason)")
    turn = (turn + 1) % delivery.addresses.count
    left -= 1
    return left > 0
  }

  /// How long until it is the next address's turn anyway.
  var restOfTurn: Duration? {
    guard let span = delivery.confirmWithin, delivery.addresses.count > 1 else { return nil }
    let past = max(0, (Timestamp.now - claim.id.time).nanoseconds)
    return .nanoseconds(span.nanoseconds - past % span.nanoseconds)
  }

  /// What the channel is told.
  func message(for channel: Channel) -> ChannelMessage {
    var message = ChannelMessage(id: claim.id, to: address.value)
    message.attempt = claim.name.attempts + 1
    message.subject = delivery.subject
    message.speaker = delivery.speaker
    message.format = delivery.format
    message.isRepeat = isRepeat
    message.text = delivery.text
    if isRepeat && !channel.promise.isIdempotent && !channel.promise.marksRepeats {
      message.text = Array("(This may be a repeat of message \(claim.id.short).)\n".utf8) + message.text
    }
    return message
  }
}
