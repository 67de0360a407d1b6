import Gateway
import Spool

/// One connection, from the clerk's side.
final class Session {
  let line: LineID
  /// The client's, by which the kernel knows whose process it is.
  let port: Int
  /// Nil: it has not shown a token yet.
  private(set) var pass: Pass?
  /// We have said our last word: what still comes is not heard.
  var isOver = false

  struct Pass {
    var token: Token
    var record: TokenRecord
    var name: String { record.name }
  }

  init(_ line: LineID, port: Int) {
    self.line = line
    self.port = port
  }

  func admit(_ pass: Pass) { self.pass = pass }
}
