import Deliveries
import Roster
import Spool

extension Desk {
  /// Decides a request by its replies, if one of them does, and settles all of them.
  /// - Returns: false where somebody else has its lock, or has decided it and hands the verdict over at this moment.
  func settle(_ read: [Read], of id: EntryID) throws(Failure) -> Bool {
    var outcomes: [EntryID: Outcome] = [:]
    guard let place = try approvals.locate(id) else { return true }
    if Self.open.contains(place.room) {
      guard let locked = try approvals.lock(place) else { return false }
      defer { locked.release() }
      if try !locked.finishIfDecided(), try !decide(locked, by: read, &outcomes) { return false }
    }
    var isSettled = true
    for one in read {
      if outcomes[one.id] == nil { outcomes[one.id] = try outcome(of: one, for: id) }
      if let outcome = outcomes[one.id] {
        try settle(one, outcome)
      } else if place.room == .done {
        isSettled = false
      }
    }
    return isSettled
  }

  /// The earliest plain verdict of somebody who may give one, in time, decides.
  /// - Parameter outcomes: gets what became of those that decide nothing, and are not late for that.
  /// - Returns: false where the one that would decide is in somebody else's hands at this moment.
  private func decide(
    _ locked: LockedEntry, by read: [Read], _ outcomes: inout [EntryID: Outcome]
  ) throws(Failure) -> Bool {
    guard let request = try request(of: locked) else { return true }
    // Answered before any channel has confirmed it, it is answered all the same; but where one has, its clock runs, whether anybody
    // has moved it to hold/ since or not.
    let proof = try proof(of: locked, request)
    var deadline = proof?.deadline
    if let proof, locked.place.room == .hold { deadline = max(proof.deadline, try locked.modified()) }
    let authority = try Authority(for: request, in: spool)
    for one in read.sorted(by: { ($0.reply.arrived, $0.id) < ($1.reply.arrived, $1.id) }) {
      let reply = one.reply
      let who: String
      switch authority.judge(reply.sender, request) {
      case .may(let name): who = name
      case .mayNot(let why):
        outcomes[one.id] = .refused(why)
        continue
      }
      if let deadline, reply.arrived > deadline { continue }
      var verdict = Verdict(.approved, digest: sha256(request.text), decided: .now)
      switch reply.reading {
      case .yes(let note): verdict.note = note
      case .no(let note): (verdict.word, verdict.note) = (.rejected, note)
      case .unclear(let why):
        outcomes[one.id] = .unclear(why)
        continue
      }
      verdict.who = who
      verdict.channel = reply.channel
      verdict.answered = reply.arrived
      verdict.reply = one.id
      // Its publisher may not have made it durable yet, and takes it back where he cannot: a verdict does not outlive what it
      // stands on.
      guard let held = try replies.lock(one.place) else {
        if try replies[one.place.room].contains(one.place.fileName) { return false }
        continue
      }
      defer { held.release() }
      try replies[one.place.room].sync()
      try finish(locked, request, verdict, proof)
      return true
    }
    // What is left has come too late: it is told so when the request has ended, which is for advance() to do.
    return true
  }

  /// The verdict, and what it changes elsewhere, in one rename.
  func finish(
    _ locked: LockedEntry, _ request: ApprovalRequest, _ verdict: Verdict, _ proof: Proof?
  ) throws(Failure) {
    onDeciding(locked.id)
    let words = RequestWords(id: locked.id, request: request, spool: spool)
    var products = [verdict.product(subject: request.subject, proof)]
    if let proof {
      if try canReplace(proof.address.channel) { products.append(words.settled(verdict, proof).product) }
      if verdict.word == .timeout { products.append(words.expired(verdict, proof).product) }
    }
    hasWords = hasWords || products.count > 1
    _ = try locked.finish(products, event: verdict.word.rawValue, detail: verdict.spoken)
    if proof == nil { try withdraw(locked.id) }
  }

  /// Who has answered without having been asked need not be asked any more.
  private func withdraw(_ id: EntryID) throws(Failure) {
    guard let delivery = try deliveries.known(key: Self.key(id)), let place = try deliveries.locate(delivery),
      [.new, .wait, .hold].contains(place.room)
    else { return }
    do { try deliveries.carryOut(.cancel, for: place, by: "wait-approval: it is decided") } catch {
      // Somebody sends it at this moment.
      if error.status != .tryAgain { throw error }
    }
  }

  private func canReplace(_ channel: String) throws(Failure) -> Bool {
    try Channel.find(channel, in: spool, installed: courier.installedChannels, executable: courier.executable)?
      .promise.canReplace ?? false
  }
}
