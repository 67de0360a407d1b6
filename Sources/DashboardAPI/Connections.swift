/// One connection, by its number; a number is never used again.
public typealias ConnectionID = Int

/// What the steward asks of the connections. Called from the steward's thread; carried out later, in this order.
public protocol Connections: Sendable {
  func answer(_ connection: ConnectionID, _ answer: Answer)
  /// Begins an answer that goes on: its body comes by `send`.
  func begin(_ connection: ConnectionID, _ answer: Answer)
  func send(_ connection: ConnectionID, _ bytes: [UInt8])
  /// Ends what `begin` has begun.
  func end(_ connection: ConnectionID)
}

/// What the connections tell the steward.
public enum ConnectionEvent: Sendable {
  /// A whole request. The next of this connection comes when this one was answered.
  case asked(ConnectionID, WebRequest)
  /// The socket has taken so many bytes of what was sent.
  case took(ConnectionID, Int)
  case closed(ConnectionID)
}
