import CCurl

/// One of libcurl's easy handles, and the exchange that is under way on it: how a request is put to libcurl, and what
/// its end says, for who waits for one of them (`HTTPClient`) and for who waits for many (`HTTPTransfers`).
final class Transfer {
  let handle: UnsafeMutableRawPointer
  private var request: HTTPRequest?
  private var answer = Answer(limit: 0)
  private var lines: UnsafeMutablePointer<curl_slist>?
  /// libcurl's words for what went wrong.
  private let words = UnsafeMutableBufferPointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
  private static let library = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

  /// Before any of libcurl's functions is called.
  static func prepareLibrary() { _ = library }

  /// - Parameter agent: what it calls itself.
  init(agent: String) {
    Self.prepareLibrary()
    handle = curl_easy_init()
    // Without signals: time-outs of the resolver are kept by its thread.
    ccurl_set_number(handle, CURLOPT_NOSIGNAL, 1)
    // And it is not waited for when the time is over.
    ccurl_set_number(handle, CURLOPT_QUICK_EXIT, 1)
    ccurl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
    ccurl_set_text(handle, CURLOPT_USERAGENT, agent)
    ccurl_set_number(handle, CURLOPT_TCP_KEEPALIVE, 1)
    ccurl_set_writer(handle, CURLOPT_WRITEFUNCTION, receiveBody)
    ccurl_set_writer(handle, CURLOPT_HEADERFUNCTION, receiveHeader)
  }

  deinit {
    curl_easy_cleanup(handle)
    curl_slist_free_all(lines)
    words.deallocate()
  }

  /// Puts a request to libcurl; what it points to is kept until `end`.
  func begin(_ request: HTTPRequest, within time: Double, connectTime: Double) {
    self.request = request
    answer = Answer(limit: request.answerLimit)
    words.initialize(repeating: 0)
    // Its own pause for "100 Continue" helps nobody here.
    for line in ["Expect:"] + request.headers.map({ "\($0.name): \($0.value)" }) {
      lines = curl_slist_append(lines, line)
    }
    ccurl_set_text(handle, CURLOPT_URL, request.url)
    ccurl_set_pointer(handle, CURLOPT_HTTPHEADER, lines)
    ccurl_set_number(handle, CURLOPT_TIMEOUT_MS, Int(max(1, time * 1000)))
    ccurl_set_number(handle, CURLOPT_CONNECTTIMEOUT_MS, Int(max(1, min(time, connectTime) * 1000)))
    ccurl_set_number(handle, CURLOPT_FRESH_CONNECT, request.isRepeatable ? 0 : 1)
    ccurl_set_number(handle, CURLOPT_FORBID_REUSE, request.isRepeatable ? 0 : 1)
    let context = Unmanaged.passUnretained(answer).toOpaque()
    ccurl_set_pointer(handle, CURLOPT_WRITEDATA, context)
    ccurl_set_pointer(handle, CURLOPT_HEADERDATA, context)
    ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, words.baseAddress)
    ccurl_set_number(handle, CURLOPT_POST, 1)
    ccurl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
    _ = request.body.withUnsafeBytes { bytes in
      // Nil would mean: read it from standard input.
      ccurl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress ?? UnsafeRawPointer(context))
    }
  }

  /// Judges how it ended. Nothing of the exchange is left with the handle.
  func end(_ code: CURLcode) -> HTTPResult {
    for option in [CURLOPT_ERRORBUFFER, CURLOPT_POSTFIELDS, CURLOPT_HTTPHEADER] {
      ccurl_set_pointer(handle, option, nil)
    }
    curl_slist_free_all(lines)
    lines = nil
    let said = String(cString: words.baseAddress!)
    defer { request = nil }
    return judge(code, said.isEmpty ? String(cString: curl_easy_strerror(code)) : said)
  }

  private func judge(_ code: CURLcode, _ reason: String) -> HTTPResult {
    let status = ccurl_number(handle, CURLINFO_RESPONSE_CODE)
    if code == CURLE_OK || status >= 200 {
      var response = HTTPResponse(status: status)
      response.headers = answer.headers
      response.body = answer.body
      response.isWhole = code == CURLE_OK
      let pause = ccurl_retry_after(handle)
      response.retryAfter = pause > 0 ? pause : nil
      return .answered(response)
    }
    // Bytes of the request that were handed to the kernel. To a proxy that has refused the way, or behind which there
    // never was TLS, they were for it alone.
    let proxy = ccurl_proxy_status(handle)
    let isBarred = proxy != 0 && !(200...299).contains(proxy)
    // On a connection that was kept, TLS has been there from the beginning.
    let isNew = ccurl_number(handle, CURLINFO_NUM_CONNECTS) > 0
    let isSecure = request?.url.lowercased().hasPrefix("https:") == true
    let hasNoTLS = isNew && isSecure && ccurl_tls_time(handle) == 0
    if ccurl_number(handle, CURLINFO_REQUEST_SIZE) > 0 && !isBarred && !hasNoTLS {
      return .unknown(reason)
    }
    switch code {
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
      CURLE_SSL_CERTPROBLEM:
      return .refused(reason)
    default: return .unreachable(reason)
    }
  }
}

/// What has come of an answer.
private final class Answer {
  var headers: [String: String] = [:]
  var body: [UInt8] = []
  let limit: Int

  init(limit: Int) { self.limit = limit }
}

private func receiveBody(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  let answer = Unmanaged<Answer>.fromOpaque(context!).takeUnretainedValue()
  let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
  answer.body += piece.prefix(answer.limit - answer.body.count)
  return size * count
}

private func receiveHeader(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  let answer = Unmanaged<Answer>.fromOpaque(context!).takeUnretainedValue()
  let line = String(decoding: UnsafeRawBufferPointer(start: bytes, count: size * count), as: UTF8.self)
  if line.hasPrefix("HTTP/") {
    // A proxy's answer may have come before.
    answer.headers = [:]
  } else if let colon = line.firstIndex(of: ":") {
    answer.headers[line[..<colon].lowercased()] = String(
      line[line.index(after: colon)...].drop { $0 == " " }.prefix { !$0.isNewline })
  }
  return size * count
}
