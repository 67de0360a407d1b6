import Deliveries
import Roster
import Spool

extension Desk {
  /// What became of a reply.
  enum Outcome {
    /// It is the verdict.
    case counted(Verdict)
    case late(String)
    case unclear(String)
    case refused(String)
    case unknown
    case ambiguous([EntryID])

    var word: String {
      switch self {
      case .counted: "counted"
      case .late: "late"
      case .unclear: "unclear"
      case .refused: "refused"
      case .unknown: "unknown"
      case .ambiguous: "ambiguous"
      }
    }
  }

  /// For a reply to a request that is over; nil where it is not, after all.
  func outcome(of read: Read, for id: EntryID) throws(Failure) -> Outcome? {
    if let verdict = try verdict(id) { return outcome(of: read, by: verdict) }
    guard let place = try approvals.locate(id) else { return nil }
    if place.room == .fail { return .late("too late: the request was given up") }
    // It goes to done/ before its verdict goes to re/: what is still in out/ is handed over in a moment, and what is no longer
    // there has been, since we looked.
    guard place.room == .done, try !approvals[.out].contains(id.description) else { return nil }
    if let verdict = try verdict(id) { return outcome(of: read, by: verdict) }
    return .late("too late: it is decided, and its record is gone")
  }

  private func outcome(of read: Read, by verdict: Verdict) -> Outcome {
    verdict.reply == read.id ? .counted(verdict) : .late("too late: \(verdict.short)")
  }

  /// Finishes a reply: what became of it is its record, and who has sent it is told.
  func settle(_ read: Read, _ outcome: Outcome) throws(Failure) {
    guard let locked = try replies.lock(read.place) else { return }
    defer { locked.release() }
    let words = try words(read.reply, outcome)
    let header = Header([
      "From": "wait-approval", "Subject": read.reply.reference, "Result": outcome.word,
      "Request": try requestID(read.reply.reference)?.description,
    ])
    var products = [Product(.response, header: header, body: Array((words + "\n").utf8))]
    if case .counted = outcome {
    } else if !read.reply.isToldBySender {
      products += told(words, read.reply)
    }
    hasWords = hasWords || products.count > 1
    _ = try locked.finish(products, event: outcome.word, detail: words)
  }

  /// What lies in `bad/` could be no answer, and its person waits for what comes of it.
  func tellRefused(_ words: String) {
    guard let delivery = message("\(words): it is no answer, and lies in \(spool.path)/replies/bad/", to: nil) else {
      return
    }
    do throws(Failure) {
      _ = try delivery.commit(to: spool)
      hasWords = true
    } catch { spool.notice("\(words) (and nobody can be told: \(error))") }
  }

  private func words(_ reply: Reply, _ outcome: Outcome) throws(Failure) -> String {
    let name = try name(reply.reference)
    return switch outcome {
    case .counted(let verdict): "\(name): \(verdict.spoken)"
    case .late(let words): "\(name): \(words); your answer changes nothing, and is kept"
    case .unclear(let why): "\(name): your answer \(why): nothing is decided: answer yes or no alone, or yes: NOTE"
    case .refused(let why): "\(name): \(why): nothing is decided"
    case .unknown: "\(name): no request is called that: nothing is decided: spool ls approvals lists them"
    case .ambiguous(let choices):
      "\(name): fits \(choices.count) requests: nothing is decided: give more of the ID: "
        + choices.prefix(5).map(\.description).joined(separator: ", ")
    }
  }

  /// A request as a person knows it: `Brief (k3v9qd)`; what is none, as it was written.
  private func name(_ reference: String) throws(Failure) -> String {
    switch try target(of: reference) {
    case .undecided(let id), .over(let id):
      let subject = ((try? approvals.entry(id)) ?? nil)?.subject
      return subject.map { "\($0) (\(id.short))" } ?? id.description
    case .unknown, .ambiguous: return reference.isEmpty ? "your answer" : reference.printable
    }
  }

  private func requestID(_ reference: String) throws(Failure) -> EntryID? {
    switch try target(of: reference) {
    case .undecided(let id), .over(let id): id
    case .unknown, .ambiguous: nil
    }
  }

  private func told(_ words: String, _ reply: Reply) -> [Product] {
    guard var delivery = message(words, to: reply.chat) else { return [] }
    delivery.answers = reply.message
    delivery.speaker = reply.speaker
    delivery.expires = .now + RequestWords.worth
    return [delivery.product]
  }

  /// To where an answer came from; of what came as a file, to whom the spool's alerts go.
  /// - Returns: nil where there is nobody: that is said.
  private func message(_ words: String, to chat: Address?) -> Delivery? {
    do throws(Failure) {
      let addresses = if let chat { [chat] } else { try Address.ofAlerts(in: spool) }
      var delivery = Delivery(to: addresses, text: Array((words + "\n").utf8))
      delivery.subject = chat?.channel == "telegram" ? nil : "About your answer"
      delivery.author = "wait-approval"
      delivery.isCourtesy = true
      return delivery
    } catch {
      spool.notice("\(words) (and nobody can be told: \(error))")
      return nil
    }
  }
}
