import Approvals
import Spool

/// A request as the dashboard tells it: whole, for nobody says yes to what he has not seen.
struct ApprovalView: Encodable {
  var id: String
  var subject: String?
  var text: String
  /// Whether the text is shown as it is: false where it is no UTF-8.
  var isExact: Bool
  var sha256: String
  var from: String?
  var to: [String]
  /// Who alone may answer; empty: whoever it is for, and the spool's owner.
  var approvers: [String]
  /// `open`, `decided` or `given up`.
  var state: String
  var asked: String
  /// When it arrived: its clock started then.
  var delivered: String?
  var deadline: String?
  var secondsLeft: Int?
  /// In seconds, from its arrival.
  var timeout: Int
  var verdict: VerdictView?

  private enum CodingKeys: CodingKey {
    case id, subject, text, isExact, sha256, from, to, approvers, state, asked, delivered, deadline, secondsLeft
    case timeout, verdict
  }

  init(_ entry: Entry, _ place: Place, in queue: Queue) throws {
    let request: ApprovalRequest
    do { request = try ApprovalRequest(entry) } catch {
      throw Refusal(422, "\(entry.id) is no request: \(error)".printable, do: "spool show \(entry.id.short) shows it")
    }
    let id = entry.id
    self.id = "\(id)"
    subject = entry.subject
    text = String(decoding: entry.body, as: UTF8.self)
    isExact = String(validating: entry.body, as: UTF8.self) != nil
    sha256 = Spool.sha256(entry.body)
    from = entry.header["From"]
    to = request.addresses.map(\.description)
    approvers = request.approvers
    asked = id.time.rfc3339Seconds
    timeout = Int(request.timeout.nanoseconds / 1_000_000_000)
    let proof = try Proof.read(id, in: queue)
    delivered = proof?.delivered.rfc3339Seconds
    let end = try Proof.deadline(of: place, proof, in: queue)
    deadline = end?.rfc3339Seconds
    switch place.room {
    case .done: state = "decided"
    case .fail, .bad: state = "given up"
    // Also while it is in somebody's hands, on its way.
    default:
      state = "open"
      secondsLeft = end.map { Int(max(0, ($0 - .now).nanoseconds / 1_000_000_000)) }
    }
    verdict = try queue.response(id).map { VerdictView(try Verdict($0)) }
  }

  /// Without a verdict it says so.
  func encode(to encoder: any Encoder) throws {
    var members = encoder.container(keyedBy: CodingKeys.self)
    try members.encode(id, forKey: .id)
    try members.encodeIfPresent(subject, forKey: .subject)
    try members.encode(text, forKey: .text)
    try members.encode(isExact, forKey: .isExact)
    try members.encode(sha256, forKey: .sha256)
    try members.encodeIfPresent(from, forKey: .from)
    try members.encode(to, forKey: .to)
    try members.encode(approvers, forKey: .approvers)
    try members.encode(state, forKey: .state)
    try members.encode(asked, forKey: .asked)
    try members.encode(delivered, forKey: .delivered)
    try members.encode(deadline, forKey: .deadline)
    try members.encode(secondsLeft, forKey: .secondsLeft)
    try members.encode(timeout, forKey: .timeout)
    try members.encode(verdict, forKey: .verdict)
  }
}

struct VerdictView: Encodable {
  /// `approved`, `rejected` or `timeout`.
  var word: String
  var who: String?
  var via: String?
  var answered: String?
  var decided: String
  var reply: String?
  var note: String
  /// For people.
  var words: String
  let short: String

  private enum CodingKeys: CodingKey { case word, who, via, answered, decided, reply, note, words }

  init(_ verdict: Verdict) {
    word = verdict.word.rawValue
    who = verdict.who
    via = verdict.channel
    answered = verdict.answered?.rfc3339Seconds
    decided = verdict.decided.rfc3339Seconds
    reply = verdict.reply?.description
    note = verdict.note
    words = verdict.spoken
    short = verdict.short
  }
}
