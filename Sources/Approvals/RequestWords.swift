import Deliveries
import Roster
import Spool
import Work

/// What people read of a request.
struct RequestWords {
  let id: EntryID
  let request: ApprovalRequest
  let spool: SpoolDirectory

  var title: String { request.subject ?? "a request" }

  /// The message that asks.
  func asking() -> Delivery {
    var delivery = Delivery(to: request.addresses, text: request.text + Array(howToAnswer.utf8))
    delivery.subject = "Approve? \(title)"
    delivery.author = "wait-approval"
    delivery.speaker = request.speaker
    delivery.confirmWithin = request.confirmWithin
    delivery.question = id
    // As often as it takes: who waits for the answer says when it is enough.
    delivery.attempts = 1000
    delivery.isCourtesy = true
    return delivery
  }

  private var howToAnswer: String {
    let path = absolute(spool.path)
    func drop(_ word: String) -> String { "\(path)/replies/drop/\(id).\(word)".shellQuoted }
    let home = inheritedEnvironment()["HOME"].map { $0 + "/spool" }
    let directory = path == home ? "" : " -C \(path.shellQuoted)"
    let channels = Set(request.addresses.map(\.channel))
    var ways: [String] = []
    if channels.contains("telegram") {
      ways.append("On Telegram: press a button, or answer this message with just yes or no.")
    }
    if channels.contains("email"), let settings = try? Settings(spool), settings.emailAuthentication != nil {
      ways.append("By mail: answer with just yes or no in the first line.")
    }
    ways.append("On the machine: approve\(directory) \(id.short)   or   touch \(drop("yes"))")
    ways.append("                reject\(directory) \(id.short)    or   touch \(drop("no"))")
    return """
      \(request.text.last == 10 ? "" : "\n")
      ----
      Approve? Answer yes or no within \(request.timeout.spoken); no answer counts as no.
      \(ways.joined(separator: "\n"))
      Request \(id)

      """
  }

  /// - Parameter number: from 1.
  func reminder(_ number: Int, _ proof: Proof, until deadline: Timestamp) -> Delivery {
    let text = """
      Still open: \(title). No answer by \(deadline.rfc3339Seconds) counts as no.
      It was asked at \(proof.delivered.rfc3339Seconds), and is answered as that message says: approve \(id.short), or reject \(id.short).
      Request \(id)

      """
    var delivery = courtesy(to: ways(proof), "Reminder \(number): approve? \(title)", Array(text.utf8), until: deadline)
    delivery.question = id
    delivery.answers = proof.message
    return delivery
  }

  /// Takes the place of the message that asked: what was decided, and no buttons.
  func settled(_ verdict: Verdict, _ proof: Proof) -> Delivery {
    // Who answers it still is told that he is too late.
    let end = "\(request.text.last == 10 ? "" : "\n")\n----\nRequest \(id)\n"
    let text = Array("\(verdict.spoken)\n\n".utf8) + request.text + Array(end.utf8)
    var delivery = courtesy(to: [proof.address], title, text, until: .now + Self.worth)
    delivery.replaces = proof.delivery
    return delivery
  }

  /// What the person who was asked reads when his time is over: it is not to be found out by chance.
  func expired(_ verdict: Verdict, _ proof: Proof) -> Delivery {
    let text = "\(title): \(verdict.spoken).\nRequest \(id)\n"
    var delivery = courtesy(
      to: ways(proof), "No answer in time: \(title)", Array(text.utf8), until: .now + Self.worth)
    delivery.answers = proof.message
    return delivery
  }

  /// For how long it is worth being told what was decided.
  static let worth = Duration.seconds(86400)

  private func courtesy(
    to addresses: [Address], _ subject: String, _ text: [UInt8], until time: Timestamp
  ) -> Delivery {
    var delivery = Delivery(to: addresses, text: text)
    delivery.subject = subject
    delivery.author = "wait-approval"
    delivery.speaker = request.speaker
    delivery.expires = time
    delivery.isCourtesy = true
    return delivery
  }

  /// - Parameter reason: what the channels say.
  func unheard(_ reason: String, to addresses: [Address]) -> Delivery {
    let text = """
      A request for approval has reached nobody: \(title).
      To: \(request.addresses.map(\.description).joined(separator: ", "))
      Why: \(reason)
      It is still open, and is tried again each 15 m. To answer it here: approve \(id.short) or reject \(id.short); \
      spool show \(id.short) shows it; spool cancel \(id.short) gives it up.
      Request \(id)

      """
    var delivery = Delivery(to: addresses, text: Array(text.utf8))
    delivery.subject = "A request reached nobody: \(title)"
    delivery.author = "alert"
    return delivery
  }

  /// Where it has arrived first, then the other ways.
  private func ways(_ proof: Proof) -> [Address] {
    [proof.address] + request.addresses.filter { $0 != proof.address }
  }

  private func absolute(_ path: String) -> String {
    let whole = path.hasPrefix("/") ? path : Directory.currentPath + "/" + path
    return whole.replacing("/./", with: "/")
  }
}
