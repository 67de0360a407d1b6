import Calls
import Spool

/// What came of a call, as its client is told it.
struct CallOutcome: Encodable {
  var id: String
  var agent: String
  var ok: Bool
  var text: String?
  /// Of a failure: docs/gateway-protocol.md lists them.
  var kind: String?
  var why: String?
  var advice: String?
  var retryAfterMs: Int?
  /// USD.
  var cost: Double?
  var inputTokens: Int?
  var outputTokens: Int?
  var durationMs: Int?
  var attempts: Int?
  var note: String?

  private enum CodingKeys: String, CodingKey {
    case id, agent, ok, text, why, advice, retryAfterMs, cost, inputTokens, outputTokens, durationMs, attempts, note
    case kind = "class"
  }

  init(_ id: EntryID, of agent: String, reply: Entry) {
    self.init(id, of: agent, ok: true)
    let header = reply.header
    text = reply.text
    cost = header["Cost-USD"].flatMap { Double($0) }.flatMap { $0.isFinite ? $0 : nil }
    inputTokens = header["Input-Tokens"].flatMap { Int($0) }
    outputTokens = header["Output-Tokens"].flatMap { Int($0) }
    durationMs = header["Duration-Ms"].flatMap { Int($0) }
    attempts = header["Attempts"].flatMap { Int($0) }
    note = header["Note"]
  }

  init(_ id: EntryID, of agent: String, failure: CallFailure) {
    self.init(id, of: agent, kind: failure.kind.rawValue, why: failure.why)
    advice = failure.advice
    retryAfterMs = failure.tryAgainAt.map { max(1, Int(($0 - .now).nanoseconds / 1_000_000)) }
    cost = failure.cost
  }

  init(_ id: EntryID, of agent: String, kind: String, why: String) {
    self.init(id, of: agent, ok: false)
    self.kind = kind
    self.why = why
  }

  private init(_ id: EntryID, of agent: String, ok: Bool) {
    self.id = id.description
    self.agent = agent
    self.ok = ok
  }

  /// - Returns: nil while it is open. What a person holds is open: he may release it.
  static func of(_ id: EntryID, agent: String, in queue: Queue) throws(Failure) -> CallOutcome? {
    do throws(Failure) {
      switch try CallRecord.read(id, in: queue) {
      case .open, .held: return nil
      case .reply(let entry): return CallOutcome(id, of: agent, reply: entry)
      case .failed(let failure):
        if let why = queue.lastReason(id), why.hasPrefix("cancelled by ") {
          return CallOutcome(id, of: agent, kind: "cancelled", why: why)
        }
        return CallOutcome(id, of: agent, failure: failure)
      }
    } catch {
      guard error.status == .malformed else { throw error }
      return CallOutcome(id, of: agent, kind: CallFailure.Class.invalid.rawValue, why: error.description)
    }
  }
}
