import CCurl

/// HTTP by libcurl: one exchange at a time, connections kept between those that may be repeated. TLS is checked, redirections
/// are not followed, and nothing but http and https is spoken.
public final class HTTPClient {
  private let transfer: Transfer

  /// An answer's body is read to its end, and kept up to here: nobody reads a receipt of more than a page.
  public static let bodyLimit = 1 << 20

  /// - Parameter agent: what it calls itself.
  public init(agent: String) { transfer = Transfer(agent: agent) }

  /// - Parameters:
  ///   - time: seconds for all of it.
  ///   - connectTime: seconds until there is a connection, TLS included.
  public func send(_ request: HTTPRequest, within time: Double, connectTime: Double = 10) -> HTTPResult {
    transfer.begin(request, within: time, connectTime: connectTime)
    return transfer.end(curl_easy_perform(transfer.handle))
  }
}
