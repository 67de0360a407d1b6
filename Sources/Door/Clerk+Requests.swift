import Gateway
import Spool
import Work

extension Clerk {
  /// Answers one message, whatever it is.
  /// - Throws: only what must end us.
  func answer(_ message: [UInt8], _ session: Session) throws(Failure) {
    guard String(validating: message, as: UTF8.self) != nil else {
      return close(session, .invalidText, "a text message must be UTF-8")
    }
    let request: Request
    do { request = try Request(message) } catch {
      send(Denial(id: Request.id(of: message), error: Problem(error)), to: session.line)
      if session.pass == nil { close(session, .policy, "connect first") }
      return
    }
    do {
      if let pass = session.pass {
        try carryOut(request, session, pass)
      } else {
        try connect(request, session)
      }
    } catch {
      send(Denial(id: request.id, error: Problem(error)), to: session.line)
      if session.pass == nil { close(session, .policy, "not connected") }
      // What could not be flushed is lost, and the next flush would not say so.
      if let failure = error as? Failure, failure.isFailedFlush { throw failure }
    }
  }

  private static let methods = ["call", "result", "cancel", "ping"]

  private func carryOut(_ request: Request, _ session: Session, _ pass: Session.Pass) throws {
    let params = request.params ?? Request.Params()
    switch request.method {
    case "call": try call(request.id, params, session.line, pass)
    case "result": try result(request.id, params, session.line, pass)
    case "cancel": try cancel(request.id, params, session.line, pass)
    case "ping": send(Response(id: request.id, payload: Pong()), to: session.line)
    case "connect": throw Problem(.invalidRequest, "method: connected already, as \(pass.name)")
    default:
      throw Problem(.invalidRequest, "method: expected one of \(Self.methods.joined(separator: ", "))")
    }
  }

  private struct Pong: Encodable { var ts = Timestamp.now.rfc3339 }

  // MARK: connect

  private func connect(_ request: Request, _ session: Session) throws {
    guard request.method == "connect" else { throw Problem(.unauthorized, "method: connect comes first") }
    let user = lockout.isEmpty ? nil : PeerUser.uid(port: session.port, to: port)
    if let rest = lockout.isEmpty ? nil : lockout.remaining(of: user, at: Kernel.uptime()) {
      throw Problem(.lockedOut, "too many wrong tokens: not heard for a while", retryAfter: rest)
    }
    guard let text = request.params?.auth?.token else {
      throw Problem(.invalidRequest, "params.auth.token: is missing")
    }
    guard let token = Token(text), let record = try owner(of: token) else {
      let user = PeerUser.uid(port: session.port, to: port)
      let whose = user.map { "of user \($0)" } ?? "of nobody knows whom"
      let isLocked = lockout.failed(user, at: Kernel.uptime())
      spool.journal.write(isLocked ? "door-locked" : "door-refused", detail: "a process \(whose)")
      throw Problem(.unauthorized, "the token is wrong, or holds no longer")
    }
    let others = sessions.values.count { $0.pass?.name == record.name && !$0.isOver }
    guard others < Policy.connectionsOfOne else {
      throw Problem(.unavailable, "\(others) connections of \(record.name) are open", retryAfter: .seconds(5))
    }
    session.admit(Session.Pass(token: token, record: record))
    lines.admit(session.line)
    spool.journal.write("door-connected", detail: record.name)
    send(Response(id: request.id, payload: Hello(record, policy)), to: session.line)
  }

  /// A file that is not as it should be is our matter, and no token.
  private func owner(of token: Token) throws(Failure) -> TokenRecord? {
    do { return try tokens.owner(of: token) } catch {
      guard [.configuration, .notAllowed].contains(error.status) else { throw error }
      spool.notice("\(error)")
      return nil
    }
  }

  /// What a client needs to know.
  private struct Hello: Encodable {
    struct Limits: Encodable {
      var maxPayload = Policy.maxPayload
      var maxBufferedBytes = Policy.maxBuffered
      var tickIntervalMs: Int
    }
    var type = "hello-ok"
    var `protocol` = 1
    var name: String
    /// Left out: every agent.
    var agents: [String]?
    var expires: String?
    var policy: Limits

    init(_ record: TokenRecord, _ policy: Policy) {
      name = record.name
      agents = record.agents
      expires = record.expires?.rfc3339Seconds
      self.policy = Limits(tickIntervalMs: Int(policy.tick.nanoseconds / 1_000_000))
    }
  }
}
