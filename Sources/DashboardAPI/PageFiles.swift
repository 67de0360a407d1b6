import Spool

/// The files of the page, read once: who may not log in may have them as well, for they hold nothing.
public struct PageFiles: Sendable {
  private let answers: [String: Answer]

  private static let types = [
    "index.html": "text/html; charset=utf-8", "dashboard.css": "text/css; charset=utf-8",
    "dashboard.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml",
  ]
  private static let longest = 1 << 20

  /// - Throws: where one of them is missing.
  public init(in path: String) throws(Failure) {
    let directory = try Directory.following(path: path)
    var answers: [String: Answer] = [:]
    for (name, type) in Self.types {
      guard let bytes = try directory.open(name)?.readAll(limit: Self.longest) else {
        throw Failure(.unavailable, "\(path)/\(name)", "is not installed", do: "bin/install installs it")
      }
      answers[name == "index.html" ? "/" : "/" + name] = Answer(200, type: type, bytes)
    }
    self.answers = answers
  }

  /// - Returns: nil where it is none of them that is asked for.
  public func answer(to request: WebRequest) -> Answer? {
    guard let answer = answers[request.path] else { return nil }
    return ["GET", "HEAD"].contains(request.method) ? answer : Refusal.method(["GET"]).answer
  }
}
