import Approvals
import Glibc
import Spool

extension Steward {
  /// What a person reads before he decides.
  func approval(_ id: String) throws -> Answer {
    let (queue, place) = try find(id, in: ApprovalRequest.queueName)
    guard let entry = try queue.entry(at: place) else { throw Refusal.unknown }
    return try .json(200, ApprovalView(entry, place, in: queue))
  }

  private struct Decision: Decodable {
    var verdict: String
    var note: String?
    /// Of the text that he has read: a decision is about no other.
    var sha256: String?
    /// Of this click: said again, it is the same reply.
    var key: String?
  }

  private struct Accepted: Encodable { var reply: String }
  private struct Decided: Encodable {
    var error: String
    var advice: String
    var verdict: VerdictView?
  }

  private static let form = "{\"verdict\": \"yes\" or \"no\", \"note\": \"...\"}"
  /// More of a note is not read (`Reading`).
  private static let longestNote = 4000

  /// Publishes a reply, and nothing else: whoever waits for it decides, or the tick. When this is answered, the reply is durable.
  func decide(_ id: String, _ request: WebRequest) throws -> Answer {
    let decision = try decode(Decision.self, request, expecting: Self.form)
    guard ["yes", "no"].contains(decision.verdict) else { throw Refusal(400, "verdict: expected yes or no") }
    let note = decision.note ?? ""
    guard note.count <= Self.longestNote else {
      throw Refusal(400, "note: has more than \(Self.longestNote) characters", do: "put it where it can be read whole")
    }
    let (queue, place) = try find(id, in: ApprovalRequest.queueName)
    guard let entry = try queue.entry(at: place) else { throw Refusal.unknown }
    let view = try ApprovalView(entry, place, in: queue)
    guard ![.done, .fail, .bad].contains(place.room) else {
      let words =
        view.verdict.map { "it is \($0.short)" } ?? (place.room == .done ? "it is decided" : "it was given up")
      return try .json(409, Decided(error: words, advice: "your answer would change nothing", verdict: view.verdict))
    }
    if let digest = decision.sha256, digest.lowercased() != view.sha256 {
      throw Refusal(409, "sha256: what was read is another text than what is asked", do: "read it again")
    }
    let text = Approvals.Reply.words(decision.verdict, note: note)
    let key = try decision.key.map { key in
      guard (1...100).contains(key.utf8.count) else { throw Refusal(400, "key: expected 1 to 100 bytes") }
      // Another answer under it is another one.
      return "dashboard-\(sha256(Array("\(id)\n\(text)\n\(key)".utf8)))"
    }
    let reply = try Approvals.Reply(to: id, text, from: .owner(geteuid()), over: "dashboard").commit(
      to: spool, key: key)
    return try .json(202, Accepted(reply: "\(reply)"))
  }

  private struct Outcome: Encodable {
    var id: String
    var request: String?
    /// `pending`, `counted`, `late`, `refused`, `unclear`, ...
    var result: String
    /// For people.
    var words: String
  }

  /// What became of a reply.
  func outcome(_ id: String) throws -> Answer {
    let (queue, place) = try find(id, in: Approvals.Reply.queueName)
    let header = try queue.header(at: place)
    guard let record = try queue.response(place.name.id) else {
      let words = "it is accepted, and counts as soon as somebody looks: who waits for it at once, else spool tick"
      return try .json(200, Outcome(id: id, request: header?["Re"], result: "pending", words: words))
    }
    return try .json(
      200,
      Outcome(
        id: id, request: header?["Re"], result: record.header["Result"] ?? "over",
        words: String(record.text.trimmed)))
  }
}
