import FoundationEssentials
import Spool
import Work

extension Steward {
  /// Who may ask at all: a program with the token, or a browser with a login and the word that goes with it.
  /// - Returns: the token that holds now.
  func admit(_ request: WebRequest) throws -> DashboardToken {
    let token = try token()
    if let shown = try Self.bearer(request) {
      try check(shown, token, request)
      return token
    }
    // One of a name may be somebody else's, who wants us to look at his.
    let logins = request.cookies(Login.cookieName(port: port)).compactMap { Login(shown: $0, token) }
    guard !logins.isEmpty else {
      var refusal = Refusal(401, "you are not logged in", do: "dashboard --link prints a link that logs you in")
      refusal.fields = [("WWW-Authenticate", "Bearer")]
      throw refusal
    }
    let words = request["X-CSRF-Token"]
    guard words.count == 1, logins.contains(where: { $0.accepts(words[0]) }) else {
      throw Refusal(403, "X-CSRF-Token: is not the one of this login", do: "log in again")
    }
    return token
  }

  private func token() throws -> DashboardToken {
    do { return try DashboardToken.read(in: spool) } catch {
      throw Refusal(
        503, "\(error.what): \(error.why)".printable, do: error.advice ?? "dashboard --link makes a new one")
    }
  }

  /// - Returns: nil where there is no such field.
  private static func bearer(_ request: WebRequest) throws -> String? {
    let fields = request["Authorization"]
    guard let field = fields.first else { return nil }
    let words = field.split(separator: " ")
    guard fields.count == 1, words.count == 2, words[0].lowercased() == "bearer" else {
      throw Refusal(401, "Authorization: expected Bearer TOKEN")
    }
    return String(words[1])
  }

  private struct Shown: Decodable { var token: String }
  private struct Welcome: Encodable {
    var csrf: String
    var expires: String
  }

  func login(_ request: WebRequest) throws -> Answer {
    let shown = try decode(Shown.self, request, expecting: "{\"token\": \"...\"}")
    let token = try token()
    try check(shown.token.filter { !$0.isWhitespace }, token, request)
    let login = Login(token)
    spool.journal.write("dashboard-login", detail: whose(request))
    let end = Timestamp.now + Login.lifetime
    return try .json(
      200, Welcome(csrf: login.csrf, expires: end.rfc3339Seconds), [("Set-Cookie", login.setting(port: port))])
  }

  private func check(_ shown: String, _ token: DashboardToken, _ request: WebRequest) throws {
    let user = lockout.isEmpty ? nil : PeerUser.uid(port: request.port, to: port)
    if let rest = lockout.isEmpty ? nil : lockout.remaining(of: user, at: Kernel.uptime()) {
      throw Refusal.busy(429, "too many wrong tokens: not heard for a while", retryAfter: rest)
    }
    if token.isSame(as: shown) { return }
    let isLocked = lockout.failed(PeerUser.uid(port: request.port, to: port), at: Kernel.uptime())
    spool.journal.write(isLocked ? "dashboard-locked" : "dashboard-refused", detail: whose(request))
    throw Refusal(
      401, "the token is wrong, or holds no longer", do: "dashboard --link prints a link with the right one")
  }

  /// For the journal.
  private func whose(_ request: WebRequest) -> String {
    let user = PeerUser.uid(port: request.port, to: port)
    return "a process of " + (user.map { "user \($0)" } ?? "nobody knows whom")
  }

  /// What a request says in its body.
  func decode<Value: Decodable>(_ type: Value.Type, _ request: WebRequest, expecting form: String) throws -> Value {
    // A form of another page cannot say this of itself without asking first.
    let types = request["Content-Type"].map { $0.split(separator: ";").first.map { String($0.trimmed).lowercased() } }
    guard types == ["application/json"] else {
      throw Refusal(415, "Content-Type: expected application/json")
    }
    do { return try JSONDecoder().decode(type, from: Data(request.body)) } catch {
      throw Refusal(400, "the body is not understood", do: "send \(form)")
    }
  }
}
