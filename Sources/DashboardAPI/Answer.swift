import Spool

/// What is answered to a request.
public struct Answer: Sendable {
  public var status: Int
  public var fields: [(name: String, value: String)]
  public var body: [UInt8]

  public init(_ status: Int, type: String, _ body: [UInt8], _ fields: [(name: String, value: String)] = []) {
    self.status = status
    self.fields = [("Content-Type", type)] + fields
    self.body = body
  }

  static func json(_ status: Int, _ value: some Encodable, _ fields: [(name: String, value: String)] = []) throws
    -> Answer
  {
    json(status, line: Array(try JSONLine.encode(value).utf8), fields)
  }

  static func json(_ status: Int, line: [UInt8], _ fields: [(name: String, value: String)] = []) -> Answer {
    Answer(status, type: "application/json", line + [10], fields)
  }

  /// What every answer says: no page but ours runs in it, none shows it in a frame or reads it, none of it is kept, and no script
  /// runs that did not come as a file of ours.
  public static let always: [(name: String, value: String)] = [
    (
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"), ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"), ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
  ]
}
