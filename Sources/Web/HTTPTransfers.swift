import CCurl
import Glibc

/// HTTP by libcurl: many exchanges at a time, in one thread, under the same rules as `HTTPClient`'s. Each that is under
/// way has a connection of its own, so that one which hangs takes no other with it.
public final class HTTPTransfers {
  private let agent: String
  private let multi: UnsafeMutableRawPointer
  private var transfers: [Int: Transfer] = [:]
  private var lastToken = 0

  /// - Parameter agent: what it calls itself.
  public init(agent: String) {
    Transfer.prepareLibrary()
    self.agent = agent
    multi = curl_multi_init()
  }

  deinit {
    for token in Array(transfers.keys) { cancel(token) }
    curl_multi_cleanup(multi)
  }

  /// Starts an exchange. Nothing of it happens but in `wait`.
  /// - Parameters: those of `HTTPClient.send`.
  /// - Returns: what `wait` calls it when it has ended.
  public func start(_ request: HTTPRequest, within time: Double, connectTime: Double = 10) -> Int {
    let transfer = Transfer(agent: agent)
    transfer.begin(request, within: time, connectTime: connectTime)
    // HTTP/2 would put many on one connection, and go on using it when the answers on it do not come.
    ccurl_set_number(transfer.handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    lastToken += 1
    transfers[lastToken] = transfer
    curl_multi_add_handle(multi, transfer.handle)
    return lastToken
  }

  /// Whether nothing is under way.
  public var isEmpty: Bool { transfers.isEmpty }

  /// Gives an exchange up: its end is not told.
  public func cancel(_ token: Int) {
    guard let transfer = transfers.removeValue(forKey: token) else { return }
    curl_multi_remove_handle(multi, transfer.handle)
  }

  /// Moves what is under way, and sleeps until something has happened.
  /// - Parameters:
  ///   - limit: at most this long; it may be less with nothing to tell.
  ///   - others: descriptors that wake as well, for reading or for writing; their `revents` say which.
  /// - Returns: what has ended since, each once.
  public func wait(atMost limit: Duration, or others: inout [pollfd]) -> [(Int, HTTPResult)] {
    for place in others.indices { others[place].revents = 0 }
    let ended = advance()
    if !ended.isEmpty { return ended }
    // The bits of poll(2) for reading and writing are libcurl's.
    var polled = others.map { curl_waitfd(fd: $0.fd, events: $0.events, revents: 0) }
    curl_multi_poll(multi, &polled, UInt32(polled.count), milliseconds(limit), nil)
    for place in others.indices { others[place].revents = polled[place].revents }
    return advance()
  }

  private func advance() -> [(Int, HTTPResult)] {
    var count: Int32 = 0
    curl_multi_perform(multi, &count)
    var ended: [(Int, HTTPResult)] = []
    var code = CURLE_OK
    while let handle = ccurl_next_ended(multi, &code) {
      guard let (token, transfer) = transfers.first(where: { $0.value.handle == handle }) else { continue }
      cancel(token)
      ended.append((token, transfer.end(code)))
    }
    return ended
  }

  /// Rounded up: waking just before the time would spin.
  private func milliseconds(_ span: Duration) -> Int32 {
    let (seconds, attoseconds) = span.components
    let whole = min(max(0, seconds), 86400) * 1000
    return Int32(whole + max(0, (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
  }
}
