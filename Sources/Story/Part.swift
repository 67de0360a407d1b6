import Spool

/// An entry in one queue, as it belongs to a story.
public struct Part: Encodable, Sendable {
  public var queue: String
  public var room: String
  public var id: String
  /// As its file is called.
  public var name: String
  public var subject: String?
  /// When it was made, there: what was handed on was made later than its ID says.
  public var created: String
  /// Which queue has handed it on.
  public var handedOnBy: String?
  /// What it is to the part before it that is one step nearer: nothing for what the story is about.
  public var relation: String
  /// How many steps it is away.
  public var depth: Int
  /// Whether it has brought about what the story is about, or came of it.
  public var isCause: Bool
  /// When its file came to lie where it lies.
  public var since: String?

  /// Where it lies, below the spool.
  public var path: String { "\(queue)/\(room)/\(name)" }

  var entryID: EntryID? { try? EntryID(id) }
  var key: String { "\(queue)/\(id)" }
  var isOver: Bool { room == Room.done.rawValue }
}

/// The way from one part to another.
struct Link {
  var queue: String
  var id: EntryID
  var relation: String
}
