import Crypto
import Deliveries
import FoundationEssentials
import Roster
import Spool
import Web
import Work

/// The channel `webhook`: a POST of JSON, under the delivery's ID as the key by which the receiver knows a repeat, and signed
/// where there is a secret (Standard Webhooks).
public final class WebhookChannel {
  private let spool: SpoolDirectory
  private let environment: [String: String]
  /// Its connections are kept from one message to the next: the key makes that harmless.
  private let client = HTTPClient(agent: "Spindle")

  public init(spool: SpoolDirectory, environment: [String: String]) {
    self.spool = spool
    self.environment = environment
  }

  public func send(_ message: ChannelMessage) -> Outcome {
    let target: Target
    do { target = try Target(message.to, spool, environment) } catch {
      return Outcome(error.status == .io ? .tryAgain : .no, error.description)
    }
    // The same bytes on every attempt: under one key another body would be refused.
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let body = try? encoder.encode(Body(message)) else { return .permanent("the message is no text") }
    var request = HTTPRequest(target.url, body: Array(body))
    request.isRepeatable = true
    request.headers = [
      ("Content-Type", "application/json"),
      // A structured field's string: draft-ietf-httpapi-idempotency-key-header.
      ("Idempotency-Key", "\"\(message.id)\""),
      ("Delivery-Attempt", String(message.attempt)),
    ]
    if message.isRepeat { request.headers.append(("Delivery-Repeat", "1")) }
    request.headers += target.signature(of: Array(body), id: message.id.description, at: .now)
    switch client.send(request, within: Channel.exchangeTime(until: Deadline.within(Channel.timeout))) {
    case .unreachable(let reason): return .unreachable(target.cleaned(reason))
    case .refused(let reason): return .permanent(target.cleaned(reason))
    case .unknown(let reason): return .ambiguous(target.cleaned(reason))
    case .answered(let response): return Self.outcome(of: response, cleaned: target.cleaned)
    }
  }

  private struct Body: Encodable {
    var id, text: String
    var subject, from: String?

    init(_ message: ChannelMessage) {
      id = message.id.description
      text = String(decoding: message.text, as: UTF8.self)
      subject = message.subject
      from = message.speaker
    }

    /// With every key, whatever it has.
    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(id, forKey: .id)
      try container.encode(subject, forKey: .subject)
      try container.encode(text, forKey: .text)
      try container.encode(from, forKey: .from)
    }

    private enum CodingKeys: CodingKey { case id, subject, text, from }
  }

  /// What an answer says: a test has a row for each.
  static func outcome(of response: HTTPResponse, cleaned: (String) -> String = { $0 }) -> Outcome {
    let first = String(decoding: response.body.prefix(1000), as: UTF8.self).split(whereSeparator: \.isNewline).first
    let said = "HTTP \(response.status)" + (first.map { ": \(cleaned(String($0.prefix(200))))" } ?? "")
    let pause = response.retryAfter.map { Duration.seconds(min(max(1, $0), 86400)) }
    switch response.status {
    case 200...299: return response.isWhole ? .sent(receipt: said) : .ambiguous("\(said), and it was cut off")
    // It has the key and is still at it; it was too early; it gave up reading.
    case 408, 409, 425: return .refused(said, after: pause)
    case 429: return .refused(said, after: pause ?? .seconds(30))
    case 503 where pause != nil: return .refused(said, after: pause)
    case 501, 505: return .permanent(said)
    case 500...: return .ambiguous(said)
    case 300...399:
      // Where to is not told: it may have what only we and the receiver know.
      return .permanent("HTTP \(response.status): a redirection is not followed; correct the URL")
    default: return .permanent(said)
    }
  }
}

/// Where a webhook goes and what it is signed with: a URL, or the name of `secrets/webhook-NAME`, which has both.
struct Target {
  var url: String
  var secret: [UInt8]?

  init(_ address: String, _ spool: SpoolDirectory, _ environment: [String: String]) throws(Failure) {
    if address.contains("://") {
      url = address
      if let path = environment["WEBHOOK_SECRET_FILE"], !path.isEmpty {
        secret = try Self.key(Secret.read(Agent.expanded(path, environment)), path)
      }
      return
    }
    guard address.wholeMatch(of: /[A-Za-z0-9_.-]+/) != nil else {
      throw Failure(
        .configuration, "webhook:\(address)", "is no URL and no name", do: "write webhook:https://... or webhook:NAME")
    }
    let path = "\(spool.path)/secrets/webhook-\(address)"
    let file = try Secret.settings(path)
    try file.allow(["Url", "Secret"])
    guard let url = file.value("Url"), url.contains("://") else {
      throw Failure(.configuration, path, "has no Url", do: "write a line Url: https://...")
    }
    self.url = url
    secret = try file.value("Secret").map { text throws(Failure) in try Self.key(text, path) }
    isSecretURL = true
  }

  /// The URL comes out of a file of secrets: it is not told.
  private var isSecretURL = false

  /// `whsec_` begins the base64 of a key, as Standard Webhooks writes it; anything else is the key.
  private static func key(_ text: String, _ path: String) throws(Failure) -> [UInt8] {
    guard text.hasPrefix("whsec_") else { return Array(text.utf8) }
    guard let key = Data(base64Encoded: String(text.dropFirst(6))) else {
      throw Failure(.configuration, path, "what follows whsec_ is no base64", do: "write the secret as it was given")
    }
    return Array(key)
  }

  /// Standard Webhooks: HMAC-SHA256 over ID, seconds and body, with dots between.
  func signature(of body: [UInt8], id: String, at time: Timestamp) -> [(name: String, value: String)] {
    let seconds = String(time.nanoseconds / 1_000_000_000)
    let named = [("Webhook-Id", id), ("Webhook-Timestamp", seconds)]
    guard let secret else { return named }
    let code = HMAC<SHA256>.authenticationCode(
      for: Array("\(id).\(seconds).".utf8) + body, using: SymmetricKey(data: secret))
    return named + [("Webhook-Signature", "v1,\(Data(code).base64EncodedString())")]
  }

  /// What others say, without what only we and the receiver may know.
  func cleaned(_ text: String) -> String {
    var text = text
    if isSecretURL {
      text = text.replacing(url, with: "URL")
      // Its path and what follows, alone: servers like to repeat them.
      let host = url[(url.firstRange(of: "://")?.upperBound ?? url.startIndex)...]
      let rest = String(host.drop { !"/?#".contains($0) }.drop { $0 == "/" })
      for part in [rest] + rest.split(whereSeparator: { "/?&=#".contains($0) }).map(String.init) where part.count >= 6 {
        text = text.replacing(part, with: "...")
      }
    }
    if let secret, let word = String(validating: secret, as: UTF8.self), word.count >= 8 {
      text = text.replacing(word, with: "SECRET")
    }
    return text.printable
  }
}
