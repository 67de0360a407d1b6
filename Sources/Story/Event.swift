import Spool

/// Something that happened to a part of a story.
public struct Event: Encodable, Sendable {
  public var time: String
  public var queue: String
  public var id: String
  /// As the journal calls it: new, wait, done, asked, ...; `attempt` where only the log tells it.
  public var what: String
  /// What did it.
  public var tool: String?
  public var detail: String?

  var key: String { "\(queue)/\(id)" }
}
