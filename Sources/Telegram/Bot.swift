import FoundationEssentials
import Roster
import Spool
import Web

/// A Telegram bot: the methods of the Bot API that Spindle calls, and what their answers say of what happened. The token is in
/// the URL, as the API wants it, and nowhere else: what is said of a failed call has it cut out.
public struct Bot {
  private let base: String
  private let token: String
  private let client = HTTPClient(agent: "Spindle")

  /// The number before the colon of its token: what anybody may know of it.
  public var id: String { String(token.prefix { $0 != ":" }) }

  /// Telegram's own server; `TELEGRAM_API` names another (a local Bot API server).
  public static let server = "https://api.telegram.org"

  public init(token: String, environment: [String: String]) {
    self.token = token
    let base = environment["TELEGRAM_API"].flatMap { $0.isEmpty ? nil : $0 } ?? Self.server
    self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
  }

  /// How a call ended.
  public enum Reply<Result> {
    case done(Result)
    case failed(Refusal)
    /// Not a byte went out.
    case unreachable(String)
    case unsendable(String)
    /// It went out, and no answer came that can be read.
    case unknown(String)
  }

  /// What the API says when it does not do what was asked.
  public struct Refusal: Decodable, Equatable {
    public var code: Int
    public var description: String
    public var parameters: Parameters?

    public struct Parameters: Decodable, Equatable {
      /// Seconds.
      public var retryAfter: Int?
      /// The group has become a supergroup, under this ID.
      public var migrateToChatID: Int64?
      private enum CodingKeys: String, CodingKey {
        case retryAfter = "retry_after"
        case migrateToChatID = "migrate_to_chat_id"
      }
    }
    private enum CodingKeys: String, CodingKey {
      case code = "error_code"
      case description, parameters
    }

    public var spoken: String { description.hasPrefix("\(code)") ? description : "\(code) \(description)" }
  }

  private struct Answer<Result: Decodable>: Decodable {
    var ok: Bool
    var result: Result?
  }

  /// - Parameters:
  ///   - isRepeatable: whether calling it twice does no harm.
  ///   - time: seconds.
  public func call<Result: Decodable>(
    _ method: String, _ parameters: some Encodable, isRepeatable: Bool, within time: Double,
    as: Result.Type = Result.self
  ) -> Reply<Result> {
    guard let request = request(method, parameters, isRepeatable: isRepeatable) else {
      return .unsendable("\(method): no JSON")
    }
    return reply(client.send(request, within: time))
  }

  /// What a call asks of the server, for who sends it by other means; nil where a parameter has no form in JSON.
  public func request(_ method: String, _ parameters: some Encodable, isRepeatable: Bool) -> HTTPRequest? {
    guard let body = try? JSONEncoder().encode(parameters) else { return nil }
    var request = HTTPRequest("\(base)/bot\(token)/\(method)", body: Array(body))
    request.headers = [("Content-Type", "application/json")]
    request.isRepeatable = isRepeatable
    return request
  }

  /// What an exchange's end says of the call.
  public func reply<Result: Decodable>(_ result: HTTPResult, as: Result.Type = Result.self) -> Reply<Result> {
    switch result {
    case .unreachable(let reason): return .unreachable(cleaned(reason))
    case .refused(let reason): return .unsendable(cleaned(reason))
    case .unknown(let reason): return .unknown(cleaned(reason))
    case .answered(let response):
      let data = Data(response.body)
      if let answer = try? JSONDecoder().decode(Answer<Result>.self, from: data), answer.ok, let result = answer.result
      {
        return .done(result)
      }
      if let refusal = try? JSONDecoder().decode(Refusal.self, from: data) {
        return .failed(
          Refusal(code: refusal.code, description: cleaned(refusal.description), parameters: refusal.parameters))
      }
      return .unknown("HTTP \(response.status) without an answer of the Bot API\(response.isWhole ? "" : " (cut off)")")
    }
  }

  private func cleaned(_ text: String) -> String {
    // Its second half is what nobody may know, however the first is written.
    let secret = String(token.split(separator: ":").last ?? "")
    return text.replacing(token, with: "TOKEN").replacing(secret, with: "TOKEN").printable
  }

  /// Where an agent's token lies: his own file, else the one that `TELEGRAM_TOKEN_FILE` names, else the spool's.
  /// - Parameter speaker: the agent; nil: none.
  public static func tokenFile(
    for speaker: String?, in spool: SpoolDirectory, environment: [String: String]
  ) throws(Failure) -> String {
    if let speaker, let own = try Agent(named: speaker, in: spool).telegramTokenFile {
      return Agent.expanded(own, environment)
    }
    if let named = environment["TELEGRAM_TOKEN_FILE"], !named.isEmpty { return Agent.expanded(named, environment) }
    return "\(spool.path)/secrets/telegram.token"
  }

  public static func token(
    for speaker: String?, in spool: SpoolDirectory, environment: [String: String]
  ) throws(Failure) -> String {
    let path = try tokenFile(for: speaker, in: spool, environment: environment)
    let token: String
    do { token = try Secret.read(path) } catch {
      var failure = error
      if failure.advice == nil { failure.advice = "spool setup telegram writes it" }
      throw failure
    }
    guard isToken(token) else {
      throw Failure(.configuration, path, "is no bot's token", do: "write what @BotFather gave: 4711:AAE...")
    }
    return token
  }

  /// `4711:AAE...`: what can stand in a URL's path.
  public static func isToken(_ text: String) -> Bool { text.wholeMatch(of: /[0-9]+:[A-Za-z0-9_-]+/) != nil }
}
