/// What is asked of a server: a POST.
public struct HTTPRequest {
  public var url: String
  public var body: [UInt8]
  public var headers: [(name: String, value: String)] = []
  /// Whether asking twice does no harm. Only then is a connection used again: when one that was kept turns out to be dead,
  /// libcurl asks once more on a new one, and the server may have read the first.
  public var isRepeatable = false
  /// So many bytes of the answer's body are kept.
  public var answerLimit = HTTPClient.bodyLimit

  public init(_ url: String, body: [UInt8]) {
    self.url = url
    self.body = body
  }
}

public struct HTTPResponse {
  public var status: Int
  /// By lower-case name; of several with one name the last.
  public var headers: [String: String] = [:]
  /// At most `HTTPRequest.answerLimit` bytes of it.
  public var body: [UInt8] = []
  /// False where the connection was cut while the body was read.
  public var isWhole = true

  /// Seconds, where `Retry-After` says them or a date.
  public var retryAfter: Int?

  public init(status: Int) { self.status = status }
}

/// How an exchange ended: what is known of the request, above all.
public enum HTTPResult {
  case answered(HTTPResponse)
  /// Not a byte of it went out: nobody was reached.
  case unreachable(String)
  /// Not a byte of it went out, for a reason that time does not mend: the address, or the server's certificate.
  case refused(String)
  /// It went out, or some of it did, and no answer came: nobody knows.
  case unknown(String)
}
