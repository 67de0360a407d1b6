import Deliveries
import Glibc
import Roster
import Spool

/// Where requests and replies meet: each step is made under the lock of its request, by whatever process sees that it is due (who
/// waits, who answers, the relay, the tick), and one rename decides.
///
/// A request lies in `new/` or `wait/` until a channel has confirmed that it arrived, in `hold/` while it is open, in `done/`
/// when it is decided. It is never in `run/`: nobody owns it, and so nobody's death holds it up.
public final class Desk {
  public let spool: SpoolDirectory
  public let approvals: Queue
  public let replies: Queue
  public let deliveries: Queue
  let courier: Courier
  /// Deliveries were made here that nobody has sent yet: what a person is told, a message that says what was decided.
  var hasWords = false
  /// Told that a request is about to be decided here.
  var onDeciding: (EntryID) -> Void = { _ in }

  public init(_ courier: Courier) throws(Failure) {
    self.courier = courier
    spool = courier.spool
    approvals = try spool.queue(ApprovalRequest.queueName, making: true)
    replies = try spool.queue(Reply.queueName, making: true)
    deliveries = try courier.queue()
  }

  /// A reply that was read.
  struct Read {
    var place: Place
    var reply: Reply
    var id: EntryID { place.name.id }
  }

  /// What a round over the replies has seen.
  public struct Round {
    /// Every reply that had come by then was read.
    fileprivate(set) var asOf: Timestamp
    /// Requests that somebody else had in hand: the replies to them were not judged.
    fileprivate(set) var unjudged: Set<EntryID> = []
    /// A file may still be being written, or somebody else decides at this moment: look again after this long.
    public fileprivate(set) var lookAgain: Duration?

    /// Somebody else reads the replies at this moment.
    public fileprivate(set) var isOthers = false

    /// Every reply to this request that had come by then was judged: only a deadline before it may have passed without an answer.
    /// Nil: somebody else is at it.
    public func asOf(_ id: EntryID) -> Timestamp? { unjudged.contains(id) ? nil : asOf }
  }

  /// A file in `drop/` that is being written puts off no deadline for longer than this: 10 s until a file without a lease counts
  /// as complete, and half as much again.
  private static let grace = Duration.seconds(15)
  /// Somebody has the lock for one step: soon over.
  static let moment = Duration.milliseconds(20)

  /// Takes what was dropped, reads every reply, and decides what can be decided.
  public func tend() throws(Failure) -> Round {
    var round = Round(asOf: .now)
    guard let turn = try Turn(in: replies) else {
      round.asOf = Timestamp(nanoseconds: 0)
      round.isOthers = true
      round.lookAgain = Self.moment
      return round
    }
    defer { turn.end() }
    if try isEmpty() { return round }
    let taken = try replies.takeDrops(onEach: turn.goOn)
    if let again = taken.lookAgain {
      round.asOf = round.asOf - Self.grace
      round.lookAgain = again
    }
    for words in taken.refused { tellRefused(words) }
    if let unread = taken.unread { round.asOf = min(round.asOf, unread) }
    let ready = try replies.ready()
    if ready.places.isEmpty { return round }
    var answers: [EntryID: [Read]] = [:]
    var order: [EntryID] = []
    for (room, fileName) in ready.places {
      guard let read = try read(fileName, in: room) else { continue }
      switch try target(of: read.reply.reference, by: read.reply.arrived) {
      case .undecided(let id), .over(let id):
        if answers[id] == nil { order.append(id) }
        answers[id, default: []].append(read)
      case .unknown: try settle(read, .unknown)
      case .ambiguous(let choices): try settle(read, .ambiguous(choices))
      }
    }
    for id in order {
      turn.goOn()
      if try settle(answers[id]!, of: id) { continue }
      round.unjudged.insert(id)
      round.lookAgain = min(round.lookAgain ?? Self.moment, Self.moment)
    }
    return round
  }

  private func isEmpty() throws(Failure) -> Bool {
    for room in [Room.drop, .new, .wait] { if try !replies[room].names().isEmpty { return false } }
    if try !replies[.drop].foreignNames().isEmpty { return false }
    return try replies[.new].foreignNames().isEmpty
  }

  /// - Returns: nil where it is gone, or was none.
  private func read(_ fileName: String, in room: Room) throws(Failure) -> Read? {
    guard let name = try? EntryName(fileName) else {
      _ = try replies.claim(fileName, in: room)
      return nil
    }
    let place = Place(room: room, fileName: fileName, name: name)
    do {
      guard let entry = try replies.entry(at: place) else { return nil }
      return Read(place: place, reply: Reply(entry, owner: geteuid()))
    } catch {
      guard error.status == .malformed else { throw error }
      // Its claim puts it into bad/.
      _ = try replies.claim(fileName, in: room)
      return nil
    }
  }

  enum Target {
    case undecided(EntryID)
    case over(EntryID)
    case unknown
    case ambiguous([EntryID])
  }

  /// What a person means by a reference: open requests first.
  /// - Parameter time: when he said so: what was asked later he did not mean, though it is called the same.
  func target(of reference: String, by time: Timestamp? = nil) throws(Failure) -> Target {
    // A prefix may look like a whole ID.
    if let id = try? EntryID(Self.restored(reference)), let place = try approvals.locate(id) {
      return Self.open.contains(place.room) ? .undecided(id) : .over(id)
    }
    func meant(in rooms: [Room]) throws(Failure) -> [EntryID] {
      let ids = Set(try approvals.places(for: reference, in: rooms).map(\.name.id))
      return ids.filter { id in time.map { id.time <= $0 + Self.tick } ?? true }.sorted()
    }
    let open = try meant(in: Self.open)
    if open.count == 1 { return .undecided(open[0]) }
    if open.count > 1 { return .ambiguous(open) }
    let over = try meant(in: [.done, .fail])
    if over.count > 1 { return .ambiguous(over) }
    return over.count == 1 ? .over(over[0]) : .unknown
  }

  /// By which a file's time may lag behind the clock's.
  private static let tick = Duration.milliseconds(20)

  static let open: [Room] = [.hold, .wait, .new]

  /// Mail systems may write an address in lower case.
  static func restored(_ text: String) -> String {
    var characters = Array(text)
    guard characters.count >= 30 else { return text }
    if characters[8] == "t" { characters[8] = "T" }
    if characters[22] == "z" { characters[22] = "Z" }
    return String(characters)
  }

  /// - Returns: nil where it is no request; it went to `fail/` then.
  func request(of locked: LockedEntry) throws(Failure) -> ApprovalRequest? {
    do { return try ApprovalRequest(locked.entry) } catch {
      try locked.move(to: .fail, event: "fail", because: "malformed: \(error)")
      return nil
    }
  }

  /// The verdict on a request that is decided; nil where it is not, or is not handed over yet.
  public func verdict(_ id: EntryID) throws(Failure) -> Verdict? {
    if try approvals[.re].contains(id.description) == false, try approvals[.out].contains(id.description) {
      // Who decided it has died before he handed it over.
      try approvals.sweep()
    }
    guard let record = try approvals.response(id) else { return nil }
    return try Verdict(record)
  }
}
