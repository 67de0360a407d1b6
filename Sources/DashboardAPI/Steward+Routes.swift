import Approvals
import Runs
import Spool
import Work

extension Steward {
  enum Reply {
    case answer(Answer)
    /// How the spool stands, as soon as it is made.
    case document
    case events(EventStream)
  }

  /// - Throws: `Refusal`, `Failure`.
  func reply(to request: WebRequest) throws -> Reply {
    let parts = request.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
    guard parts.count > 1, parts[0] == "api" else { throw Refusal.unknown }
    let method = request.method == "HEAD" ? "GET" : request.method
    func allow(_ methods: String...) throws {
      guard methods.contains(method) else { throw Refusal.method(methods) }
    }
    if parts == ["api", "login"] {
      try allow("POST")
      return .answer(try login(request))
    }
    let token = try admit(request)
    switch (parts.count, parts[1], parts.last!) {
    case (2, "logout", _):
      try allow("POST")
      return .answer(Answer(204, type: "application/json", [], [("Set-Cookie", Login.clearing(port: port))]))
    case (2, "data", _):
      try allow("GET")
      return .document
    case (2, "events", _):
      try allow("GET")
      // What has no body ends at once.
      if request.method == "HEAD" { return .answer(Answer(200, type: "text/event-stream", [])) }
      return .events(EventStream(from: try start(request), mark: token.mark))
    case (3, "approvals", let id):
      try allow("GET", "POST")
      return .answer(try method == "GET" ? approval(id) : decide(id, request))
    case (3, "replies", let id):
      try allow("GET")
      return .answer(try outcome(id))
    case (3, "runs", let id):
      try allow("GET")
      let (queue, place) = try find(id, in: RunRequest.queueName)
      guard let line = try TimeLine(of: place, in: queue) else { throw Refusal.unknown }
      return .answer(try .json(200, line))
    case (4, "entries", let id):
      try allow("GET")
      let (queue, place) = try find(id, in: parts[2])
      return .answer(try .json(200, EntryView(place, in: queue)))
    default: throw Refusal.unknown
    }
  }

  /// An entry by its whole ID: rooms are not listed, however deep they are.
  func find(_ id: String, in queue: String) throws -> (queue: Queue, place: Place) {
    guard let id = try? EntryID(id), try spool.queueNames().contains(queue) else { throw Refusal.unknown }
    let queue = try spool.queue(queue)
    guard let place = try queue.locate(guessing: id) else {
      throw Refusal(404, "\(id) lies in no room of \(queue.name)", do: "spool show \(id.short) looks further")
    }
    return (queue, place)
  }

  /// At most so many of the last lines.
  private static let mostLines = 1000

  /// Where a stream begins: behind what its reader has had, or so many lines back, or now.
  private func start(_ request: WebRequest) throws -> JournalPosition {
    if let text = request["Last-Event-ID"].first ?? request.query["after"] {
      guard let position = JournalPosition(text) else {
        throw Refusal(
          400, "after: \"\(text.prefix(40).printable)\" is no place in the journal", do: "give an id of the stream")
      }
      return position
    }
    guard let text = request.query["last"] else { return try feed.position(beforeLast: 0) }
    guard let count = Int(text), count >= 0 else { throw Refusal(400, "last: is no number") }
    return try feed.position(beforeLast: min(count, Self.mostLines))
  }
}
