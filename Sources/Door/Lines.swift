/// One connection, by its number; a number is never used again.
public typealias LineID = Int

/// What the clerk asks of the connections. Called from the clerk's thread; carried out later, in this order.
public protocol Lines: Sendable {
  /// - Parameter isDroppable: not worth waiting for, where the client does not read.
  func send(_ message: [UInt8], to line: LineID, isDroppable: Bool)
  /// It has shown its token: it may now send as much as the policy allows.
  func admit(_ line: LineID)
  /// A message of so many bytes has been dealt with.
  func took(_ bytes: Int, of line: LineID)
  /// Behind all that was sent before.
  func close(_ line: LineID, _ code: CloseCode, _ reason: String)
  /// Nobody else may come in.
  func stopListening()
}

/// What the connections tell the clerk.
public enum LineEvent: Sendable {
  /// - Parameter port: the client's.
  case opened(LineID, port: Int)
  /// A whole text message; nobody has looked at it yet.
  case said(LineID, [UInt8])
  case closed(LineID)
}

/// RFC 6455, section 7.4.1.
public enum CloseCode: UInt16, Sendable {
  case goingAway = 1001
  case protocolError = 1002
  case unsupportedData = 1003
  case invalidText = 1007
  case policy = 1008
  case tooLarge = 1009
  case tryAgainLater = 1013
}
