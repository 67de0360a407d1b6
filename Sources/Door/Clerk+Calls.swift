import Calls
import FoundationEssentials
import Gateway
import Roster
import Spool

extension Clerk {
  private struct Accepted: Encodable {
    var id: String
    var agent: String
    /// False: this call was made before, under its key.
    var isNew: Bool
  }

  /// A call becomes an entry, and is accepted when that is durable.
  func call(_ id: String, _ params: Request.Params, _ line: LineID, _ pass: Session.Pass) throws {
    guard let name = params.agent else { throw Problem(.invalidRequest, "params.agent: is missing") }
    guard pass.record.mayCall(name) else { throw Problem(.forbidden, "the token does not reach the agent \(name)") }
    let agent = try agent(name)
    let request = try CallRequest(params, for: agent, author: pass.name)
    let queue = try spool.queue("calls-\(name)", making: true)
    try attend(to: queue)
    let published = try publish(request, to: agent, in: queue)
    send(Response(id: id, payload: Accepted(id: "\(published.id)", agent: name, isNew: published.isNew)), to: line)
    try self.await(published.id, agent: name, in: queue, for: line)
  }

  private func agent(_ name: String) throws -> Agent {
    do { return try Agent(named: name, in: spool) } catch {
      switch error.status {
      case .unavailable: throw Problem(.notFound, "params.agent: there is no agent \(name)")
      case .usage: throw Problem(.invalidRequest, "params.agent: is no agent's name")
      default: throw error
      }
    }
  }

  private func publish(_ request: CallRequest, to agent: Agent, in queue: Queue) throws -> Published {
    var draft = request.draft(for: agent, remaining: request.options.timeout)
    draft.header["Sender"] = request.author
    guard let key = request.options.key else {
      try Backlog(agent, queue).refuseIfFull()
      return Published(id: try queue.publish(draft), isNew: true)
    }
    // What is known already adds nothing to what waits.
    if try queue.known(key: key) == nil { try Backlog(agent, queue).refuseIfFull() }
    let published = try queue.publish(draft, key: key)
    if !published.isNew { try revive(published.id, in: queue, request) }
    return published
  }

  /// Known under its key: a call that has failed is made again, as `claude-call --key` does it.
  private func revive(_ id: EntryID, in queue: Queue, _ request: CallRequest) throws {
    guard let place = try queue.locate(id) else { return }
    if let first = try queue.entry(at: place), first.header["From"] != request.author || first.body != request.prompt {
      throw Problem(.conflict, "params.key: it is another text's, called at \(first.created.rfc3339Seconds)")
    }
    guard place.room == .fail else { return }
    do { try queue.carryOut(.retry, for: place, by: request.author) } catch {
      // Somebody was faster: what lies there now counts.
      guard [.no, .tryAgain].contains(error.status) else { throw error }
    }
  }

  // MARK: what was called before

  private struct Open: Encodable {
    var id: String
    var agent: String
    var status = "open"
  }

  private struct Closed: Encodable {
    var status: String
    var outcome: CallOutcome

    func encode(to encoder: any Encoder) throws {
      try outcome.encode(to: encoder)
      var members = encoder.container(keyedBy: Key.self)
      try members.encode(status, forKey: .status)
    }

    private enum Key: CodingKey { case status }
  }

  /// The record of a call. While it is open, its outcome will come as an event.
  func result(_ id: String, _ params: Request.Params, _ line: LineID, _ pass: Session.Pass) throws {
    let own = try find(params, pass)
    try attend(to: own.queue)
    if let outcome = try CallOutcome.of(own.id, agent: own.agent, in: own.queue) {
      let record = Closed(status: outcome.ok ? "done" : "failed", outcome: outcome.fitting)
      return send(Response(id: id, payload: record), to: line)
    }
    send(Response(id: id, payload: Open(id: "\(own.id)", agent: own.agent)), to: line)
    try self.await(own.id, agent: own.agent, in: own.queue, for: line)
  }

  private struct Cancelled: Encodable {
    var id: String
    var cancelled = true
  }

  /// Takes a call back that nobody has begun.
  func cancel(_ id: String, _ params: Request.Params, _ line: LineID, _ pass: Session.Pass) throws {
    let own = try find(params, pass)
    guard let place = try own.queue.locate(own.id) else { throw Problem(.notFound, "its record was removed") }
    switch place.room {
    case .new, .wait, .hold:
      do { try own.queue.carryOut(.cancel, for: place, by: pass.name) } catch {
        guard [.no, .tryAgain].contains(error.status) else { throw error }
        throw Problem(.conflict, "it has just been begun")
      }
    case .run: throw Problem(.conflict, "it is under way")
    default: throw Problem(.conflict, "it is over: ask for its result")
    }
    send(Response(id: id, payload: Cancelled(id: "\(own.id)")), to: line)
  }

  /// A call of this client's, by its ID or its key. Another's is not found: nobody learns that there is one.
  private func find(_ params: Request.Params, _ pass: Session.Pass) throws -> (queue: Queue, agent: String, id: EntryID)
  {
    guard (params.id == nil) != (params.key == nil) else {
      throw Problem(.invalidRequest, "params: give id or key")
    }
    let key = try params.key.map { try CallRequest.ledgerKey($0, of: pass.name) }
    let id = try params.id.map { text in
      do { return try EntryID(text) } catch { throw Problem(.invalidRequest, "params.id: is no ID of a call") }
    }
    var found: [(queue: Queue, agent: String, id: EntryID)] = []
    for agent in try agents(params.agent) where pass.record.mayCall(agent) {
      let queue = try spool.queue("calls-\(agent)")
      guard let id = try id ?? queue.known(key: key!), let place = try queue.locate(guessing: id),
        try queue.header(at: place)?["From"] == pass.name
      else { continue }
      found.append((queue, agent, id))
    }
    guard let first = found.first else { throw Problem(.notFound, "there is no such call of \(pass.name)") }
    guard found.count == 1 else {
      let names = found.map(\.agent).joined(separator: ", ")
      throw Problem(.invalidRequest, "params.agent: the key is known for \(names): say which")
    }
    return first
  }

  /// The agents that were ever called; of these, the one that is named.
  private func agents(_ name: String?) throws(Failure) -> [String] {
    let prefix = "calls-"
    let all = try spool.queueNames().filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    return name.map { name in all.filter { $0 == name } } ?? all
  }
}

extension CallOutcome {
  /// Without its text, where that would be more than a message may be: it is on record all the same.
  var withoutText: CallOutcome {
    var outcome = self
    outcome.text = nil
    outcome.ok = false
    outcome.kind = "too-large"
    outcome.why =
      "its reply of \(text?.utf8.count ?? 0) bytes is longer than a message may be: it lies in calls-\(agent)/re/\(id)"
    return outcome
  }

  /// For a message. Escaped, no text grows to more than six times its length.
  var fitting: CallOutcome {
    guard let text, text.utf8.count > Policy.maxPayload / 6, let line = try? JSONLine.encode(text) else { return self }
    return line.utf8.count > Policy.maxPayload - 4096 ? withoutText : self
  }
}
