/// The limits of the door (docs/gateway-protocol.md). A client is told them at its connect.
public struct Policy: Sendable {
  /// Of a message from a client, its fragments put together: what the field allows, and more than any prompt.
  public static let maxPayload = 25 << 20
  /// All that a client may send before it has shown its token: it has nothing else to say, and nobody knows who it is.
  public static let maxBeforeConnect = 65536
  /// For so long it may take to show it, the HTTP handshake included.
  public static let connectWithin = Duration.seconds(10)
  /// What may wait for a client that does not read: one message of the longest, and many short ones.
  public static let maxBuffered = 32 << 20
  /// What a client may have sent ahead of what is being worked on; then it is read no further.
  public static let maxAhead = 1 << 20
  public static let maxRequestsAhead = 64
  public static let connections = 100
  /// Of one name: one program that leaks connections leaves others theirs.
  static let connectionsOfOne = 25
  /// Hold a line open for so long after our last word, for its client to hear it.
  public static let linger = Duration.seconds(10)

  /// How often a client hears that we live.
  public var tick = Duration.seconds(15)

  public init() {}
}
