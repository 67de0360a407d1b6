import Spool

/// The files of the page, read once: each of its directory that is of a kind which a page has, and is not hidden. Who may not log in
/// may have them as well, for they hold nothing.
public struct PageFiles: Sendable {
  private let answers: [String: Answer]

  private static let types = [
    "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
  ]
  /// Without these there is no page.
  private static let needed = ["index.html", "dashboard.js"]
  private static let longest = 1 << 20

  /// - Throws: where one that is needed is missing, or one cannot be read.
  public init(in path: String) throws(Failure) {
    let directory = try Directory.following(path: path)
    var answers: [String: Answer] = [:]
    for name in try directory.names() {
      guard let type = Self.type(of: name), let file = try directory.open(name), try file.status().isRegular else {
        continue
      }
      guard let bytes = try file.readAll(limit: Self.longest) else {
        throw Failure(.unavailable, file.path, "is longer than 1 MiB", do: "bin/install installs it as it was")
      }
      answers[Self.place(of: name)] = Answer(200, type: type, bytes)
    }
    for name in Self.needed where answers[Self.place(of: name)] == nil {
      throw Failure(.unavailable, "\(path)/\(name)", "is not installed", do: "bin/install installs it")
    }
    self.answers = answers
  }

  private static func type(of name: String) -> String? {
    guard !name.hasPrefix("."), let dot = name.lastIndex(of: ".") else { return nil }
    return types[String(name[name.index(after: dot)...])]
  }

  private static func place(of name: String) -> String { name == "index.html" ? "/" : "/" + name }

  /// - Returns: nil where it is none of them that is asked for.
  public func answer(to request: WebRequest) -> Answer? {
    guard let answer = answers[request.path] else { return nil }
    return ["GET", "HEAD"].contains(request.method) ? answer : Refusal.method(["GET"]).answer
  }
}
