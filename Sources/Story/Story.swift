import Deliveries
import Spool

/// An entry's whole life, over all queues: what it is, what has brought it about, what came of it, when what happened, and where it
/// stands now. Told from the entries, their logs and records, and the journal; read only, nothing is locked.
///
/// What it costs does not grow with the spool: entries are found by their names, `done/` is not listed, and of the journal those
/// days are read on which something happened.
public struct Story: Encodable, Sendable {
  /// What has brought it about first, the nearest before what is behind that; then itself, and what came of it.
  public private(set) var parts: [Part] = []
  /// In the order of their times.
  public private(set) var events: [Event] = []
  /// Where what is not over stands, and what can be done; where all is over, how it ended.
  public private(set) var now: [Standing] = []
  /// Whether the journal was longer than what is read of it.
  public private(set) var isCut = false

  /// More are not looked at: a run with a thousand steps is told by its own time line.
  static let most = 100
  /// From a run over its step's question to the answer are three.
  private static let deepest = 4

  /// - Parameter found: the entries of one ID that it is about, one in each queue.
  public init(of found: [(queue: Queue, place: Place)], in spool: SpoolDirectory) throws(Failure) {
    var teller = Teller(spool: spool)
    for (queue, place) in found { try teller.add(queue, place, relation: "", depth: 0, isCause: false) }
    for one in found.map({ (queue: $0.queue.name, id: $0.place.name.id) }) {
      try teller.addSame(one.id)
      try teller.follow(one.queue, one.id, depth: 1, atMost: Self.deepest, isCause: true)
      try teller.follow(one.queue, one.id, depth: 1, atMost: Self.deepest, isCause: false)
    }
    var chronicle = Chronicle(teller.parts, spool)
    try chronicle.read()
    for (event, id) in chronicle.letOut {
      let link = Link(queue: Delivery.queueName, id: id, relation: "what its yes has let out")
      try teller.add(link, depth: 1, isCause: false, near: event)
    }
    parts = teller.parts.filter(\.isCause) + teller.parts.filter { !$0.isCause }
    events = chronicle.events
    isCut = chronicle.isCut
    var judge = Judge(spool)
    let open = parts.filter { !$0.isOver && !($0.isCause && $0.queue == "jobs") }
    let shown = open.isEmpty ? parts.filter { $0.depth == 0 }.suffix(1) : open.sorted { $0.depth < $1.depth }
    for part in shown { if let standing = try judge.standing(of: part) { now.append(standing) } }
  }
}
