import Deliveries
import Roster
import Spool

extension Desk {
  /// What was asked; nil where it is gone, or no request.
  public func request(_ id: EntryID) throws(Failure) -> ApprovalRequest? {
    guard let entry = try approvals.entry(id) else { return nil }
    return try? ApprovalRequest(entry)
  }

  /// What is open, oldest first.
  public func openRequests() throws(Failure) -> [Entry] {
    var entries: [Entry] = []
    for room in Self.open {
      for place in try approvals.entries(in: room) {
        // It may be decided meanwhile, or be malformed: then it is none.
        if let entry = (try? approvals.entry(at: place)) ?? nil { entries.append(entry) }
      }
    }
    return entries.sorted { $0.id < $1.id }
  }

  /// The one request that a person means.
  /// - Throws: `.no` where there is none, `.usage` with the choices where there are several.
  public func find(_ reference: String) throws(Failure) -> EntryID {
    switch try target(of: reference) {
    case .undecided(let id), .over(let id): return id
    case .unknown:
      throw Failure(
        .no, reference.isEmpty ? "\"\"" : reference, "no request is called that", do: "spool ls approvals lists them")
    case .ambiguous(let choices):
      let list = choices.prefix(10).map(\.description).joined(separator: ", ")
      throw Failure(
        .usage, reference, "fits \(choices.count) requests, and nothing was done: \(list)", do: "give more of the ID")
    }
  }

  /// Which request a reply is about; nil where that cannot be said.
  public func request(of reply: EntryID) throws(Failure) -> EntryID? {
    guard let entry = try replies.entry(reply), let reference = entry.header["Re"] else { return nil }
    if case .undecided(let id) = try target(of: reference) { return id }
    return nil
  }

  /// Where a request was put to a person: those that are open, by their proofs.
  private func openProofs() throws(Failure) -> [(id: EntryID, proof: Proof)] {
    var found: [(id: EntryID, proof: Proof)] = []
    for place in try approvals.entries(in: .hold) {
      if let proof = try Proof.read(place.name.id, in: approvals) { found.append((place.name.id, proof)) }
    }
    return found
  }

  /// The open request that a message has put.
  /// - Parameter message: as the channel calls it.
  public func request(putBy message: String, at address: Address) throws(Failure) -> EntryID? {
    try openProofs().first { $0.proof.address == address && $0.proof.messages.contains(message) }?.id
  }

  /// Whether a request, open or decided, was put by this message, or a reminder of it was.
  public func hasPut(_ id: EntryID, by message: String, at address: Address) throws(Failure) -> Bool {
    guard let proof = try Proof.read(id, in: approvals), proof.address == address else { return false }
    if proof.messages.contains(message) { return true }
    // They have numbers, of which some may be missing.
    for number in 1...Self.mostReminders {
      guard let reminder = try deliveries.known(key: "\(Self.key(id))-reminder-\(number)"),
        let receipt = try deliveries.response(reminder), let told = Proof(of: reminder, receipt, timeout: .zero)
      else { continue }
      if told.address == address && told.messages.contains(message) { return true }
    }
    return false
  }

  /// The deliveries that have put a request to somebody, and have reminded him.
  public static func deliveries(putting id: EntryID, in deliveries: Queue) throws(Failure) -> [EntryID] {
    var found: [EntryID] = []
    if let first = try deliveries.known(key: key(id)) { found.append(first) }
    for number in 1...mostReminders {
      guard let reminder = try deliveries.known(key: "\(key(id))-reminder-\(number)") else {
        if number > 3 { break }
        continue
      }
      found.append(reminder)
    }
    return found
  }

  /// Further ones are not looked for: nobody answers the hundredth first.
  private static let mostReminders = 100

  /// Whether a request is put to this address, whoever has it.
  public func isAsked(_ id: EntryID, at value: String, on channel: String) throws(Failure) -> Bool {
    try request(id)?.addresses.contains(Address(channel: channel, value: value)) ?? false
  }

  /// Whether a request that was put over this channel is open.
  public func hasOpen(on channel: String) throws(Failure) -> Bool {
    try openProofs().contains { $0.proof.address.channel == channel }
  }

  /// Whether a request that was put there is open.
  public func hasOpen(at address: Address) throws(Failure) -> Bool {
    try openProofs().contains { $0.proof.address == address }
  }

  /// Lets a text through that was approved, and nothing else.
  /// - Throws: `.malformed` where the request has no yes, or one for another text.
  /// - Parameter reference: of the request, or its key.
  /// - Returns: the request.
  @discardableResult
  public func checkApproval(of text: [UInt8], by reference: String) throws(Failure) -> EntryID {
    let known = try approvals.known(key: reference)
    var id: EntryID
    if let known {
      id = known
    } else {
      // No request, or several that may be meant: there is no yes.
      do { id = try find(reference) } catch {
        throw Failure(.malformed, "--approved \(error.what)", "\(error.why): nothing is sent", do: error.advice)
      }
    }
    guard let verdict = try verdict(id), verdict.word == .approved else {
      let word = try verdict(id)?.short ?? "not decided"
      throw Failure(
        .malformed, "--approved \(id.short)", "the request is \(word): nothing is sent", do: "wait-approval asks for it"
      )
    }
    guard verdict.requestDigest == sha256(text) else {
      throw Failure(
        .malformed, "--approved \(id.short)", "what was approved is another text (SHA-256 \(verdict.requestDigest))",
        do: "send just that, or ask for this; spool show --body \(id.short) prints what was approved")
    }
    return id
  }

  /// The request that a mail answers: named by its address, or put by the mail that it follows.
  public func request(answeredBy mail: MailReply) throws(Failure) -> EntryID? {
    // A hostile one names very many.
    for reference in mail.references.prefix(50) {
      guard let id = try? EntryID(Self.restored(reference)) else { continue }
      if try approvals.locate(id) != nil { return id }
      let put = try deliveries.entry(id)?.header["Question"].flatMap { try? EntryID($0) }
      if let put, try approvals.locate(put) != nil { return put }
    }
    return nil
  }
}
