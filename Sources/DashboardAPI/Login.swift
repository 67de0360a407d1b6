import Crypto
import Spool

/// A browser's login: a cookie that nobody can make without the token, and the word that goes with it. Nothing of it is kept here, so
/// a restart logs nobody out.
///
/// Cookies know no ports: a browser sends ours to every server of this machine that its user visits, whoever runs it. So a cookie
/// alone opens nothing: each request has to say the word as well, which the page keeps where only pages of our port can read it, and
/// which cannot be made from the cookie.
struct Login {
  let cookie: String
  private let token: DashboardToken

  static let lifetime = Duration.seconds(30 * 86400)
  /// A clock may have been set back since.
  private static let slack = Duration.seconds(86400)

  static func cookieName(port: Int) -> String { "spindle_\(port)" }

  /// A new one.
  init(_ token: DashboardToken, now: Timestamp = .now) {
    self.token = token
    let random = SymmetricKey(size: .bits128).withUnsafeBytes { Array($0) }.base64URL
    let words = "\(now.nanoseconds / 1_000_000_000).\(random)"
    cookie = "\(words).\(token.seal("cookie", words))"
  }

  /// One that is shown; nil where it is none, or is over.
  init?(shown: String, _ token: DashboardToken, now: Timestamp = .now) {
    let parts = shown.split(separator: ".", omittingEmptySubsequences: false)
    guard shown.utf8.count <= 256, parts.count == 3, let second = Int64(parts[0]), second >= 0,
      DashboardToken.digest(token.seal("cookie", "\(parts[0]).\(parts[1])")) == DashboardToken.digest(String(parts[2]))
    else { return nil }
    let begun = Timestamp(seconds: second)
    guard begun <= now + Self.slack, now <= begun + Self.lifetime else { return nil }
    cookie = shown
    self.token = token
  }

  /// The word.
  var csrf: String { token.seal("csrf", cookie) }

  func accepts(_ word: String) -> Bool { DashboardToken.digest(csrf) == DashboardToken.digest(word) }

  /// `Set-Cookie`.
  func setting(port: Int) -> String {
    let seconds = Self.lifetime.nanoseconds / 1_000_000_000
    return "\(Self.cookieName(port: port))=\(cookie); HttpOnly; SameSite=Strict; Path=/; Max-Age=\(seconds)"
  }

  static func clearing(port: Int) -> String {
    "\(cookieName(port: port))=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0"
  }
}
