import Gateway
import Glibc
import Spool
import Work

/// Turns messages into entries in `calls-AGENT/`, and what comes of them into messages. It makes no call itself: the gateway does.
///
/// One thread, one poll(2): messages from the connections, changes in the spool, signals, the clock. A message is dealt with to its
/// end before the next; whatever it has promised is durable by then.
public final class Clerk {
  let spool: SpoolDirectory
  let tokens: TokenStore
  let lines: any Lines
  /// The door's.
  let port: Int
  private let mailbox: Mailbox<LineEvent>
  let policy: Policy
  private let notice: (String) -> Void
  private(set) var sessions: [LineID: Session] = [:]
  var lockout = Lockout()
  /// Calls whose outcome somebody waits for.
  private var waiting: [EntryID: (queue: Queue, agent: String, lines: Set<LineID>)] = [:]
  private var watched: [String: Queue] = [:]
  private var watch: Watch
  /// Uptimes, in nanoseconds.
  private var nextTick: Int64
  private var lastLook: Int64

  public init(
    _ spool: SpoolDirectory, _ mailbox: Mailbox<LineEvent>, lines: any Lines, port: Int, policy: Policy,
    notice: @escaping (String) -> Void
  ) throws(Failure) {
    self.spool = spool
    self.mailbox = mailbox
    self.lines = lines
    self.port = port
    self.policy = policy
    self.notice = notice
    tokens = try TokenStore(spool)
    watch = Watch([tokens.directory], notice: spool.notice)
    watch.keepsNames = true
    lastLook = Kernel.uptime()
    nextTick = lastLook + policy.tick.nanoseconds
  }

  /// Until a signal ends it.
  /// - Returns: which.
  public func run() throws(Failure) -> Int32 {
    while true {
      var polled = [mailbox.polled]
      let wake = watch.wait(atMost: .nanoseconds(max(0, nextTick - Kernel.uptime())), or: &polled)
      switch wake {
      case .gone(let path): throw .removed(path)
      case .signal(SIGHUP): checkTokens(nil)
      case .signal(let number):
        end()
        return number
      case .look: break
      }
      try lookAround()
      for event in mailbox.takeAll(isReady: polled[0].revents != 0) { try handle(event) }
      let now = Kernel.uptime()
      if now >= nextTick {
        nextTick = now + policy.tick.nanoseconds
        tick()
      }
    }
  }

  private func handle(_ event: LineEvent) throws(Failure) {
    switch event {
    case .opened(let line, let port): sessions[line] = Session(line, port: port)
    case .closed(let line):
      sessions[line] = nil
      for (id, call) in waiting where call.lines.contains(line) {
        waiting[id] = call.lines.count == 1 ? nil : (call.queue, call.agent, call.lines.subtracting([line]))
      }
    case .said(let line, let message):
      defer { lines.took(message.count, of: line) }
      guard let session = sessions[line], !session.isOver else { return }
      try answer(message, session)
    }
  }

  // MARK: what is said

  func send(_ message: some Encodable, to line: LineID, isDroppable: Bool = false) {
    do { lines.send(Array(try JSONLine.encode(message).utf8), to: line, isDroppable: isDroppable) } catch {
      notice("a message cannot be written: \(error)")
    }
  }

  func close(_ session: Session, _ code: CloseCode, _ reason: String) {
    session.isOver = true
    lines.close(session.line, code, reason)
  }

  private struct Moment: Encodable { var ts = Timestamp.now.rfc3339 }

  private func tick() {
    for session in sessions.values where session.pass != nil && !session.isOver {
      send(Event(event: "tick", payload: Moment()), to: session.line, isDroppable: true)
    }
    // What has run out meanwhile.
    checkTokens(nil)
  }

  private struct Farewell: Encodable { var reason: String }

  /// Nobody is accepted any more; what was accepted lies in the spool, and the next door tells what came of it.
  private func end() {
    lines.stopListening()
    for session in sessions.values where !session.isOver {
      if session.pass != nil {
        send(Event(event: "shutdown", payload: Farewell(reason: "the gateway ends")), to: session.line)
      }
      close(session, .goingAway, "the gateway ends")
    }
    let last = Kernel.uptime() + Self.patience.nanoseconds
    while !sessions.isEmpty && Kernel.uptime() < last {
      var polled = [mailbox.polled]
      _ = watch.wait(atMost: .nanoseconds(last - Kernel.uptime()), or: &polled)
      for case .closed(let line) in mailbox.takeAll(isReady: polled[0].revents != 0) { sessions[line] = nil }
    }
  }

  /// Longer nobody's goodbye is waited for.
  private static let patience = Duration.seconds(3)

  // MARK: what is waited for

  /// Tells a connection what comes of a call, when it comes.
  func await(_ id: EntryID, agent: String, in queue: Queue, for line: LineID) throws(Failure) {
    var lines = waiting[id]?.lines ?? []
    lines.insert(line)
    waiting[id] = (queue, agent, lines)
    // It may have come before the watch was there.
    try look(at: id)
  }

  /// From now on what comes in a queue is noticed.
  func attend(to queue: Queue) throws(Failure) {
    guard watched.updateValue(queue, forKey: queue.name) == nil else { return }
    var directories = [tokens.directory]
    for queue in watched.values { for room in [Room.re, .fail, .bad] { directories.append(try queue[room]) } }
    // One instance a process: the old one goes first.
    watch.end()
    watch = Watch(directories, notice: spool.notice)
    watch.keepsNames = true
    // What came between the two is not told.
    checkTokens(nil)
    for id in waiting.keys { try look(at: id) }
  }

  private func lookAround() throws(Failure) {
    let isTime = Kernel.uptime() - lastLook >= Self.longestTrust.nanoseconds
    guard watch.hasFired || isTime else { return }
    watch.hasFired = false
    if let names = watch.takeNames(), !isTime {
      for name in names {
        if let id = (try? EntryName(name))?.id, waiting[id] != nil { try look(at: id) }
      }
      checkTokens(names)
    } else {
      lastLook = Kernel.uptime()
      for id in waiting.keys { try look(at: id) }
      checkTokens(nil)
    }
  }

  /// An event is a hint; now and then the directory itself is asked.
  private static let longestTrust = Duration.seconds(60)

  private func look(at id: EntryID) throws(Failure) {
    guard let call = waiting[id], let outcome = try CallOutcome.of(id, agent: call.agent, in: call.queue) else {
      return
    }
    waiting[id] = nil
    for line in call.lines { send(Event(event: "reply", payload: outcome.fitting), to: line) }
  }

  /// Puts out whose token was taken back, or has run out.
  /// - Parameter names: of files that have changed; nil: any may have.
  private func checkTokens(_ names: Set<String>?) {
    for session in sessions.values where !session.isOver {
      guard let pass = session.pass else { continue }
      if let names, !names.contains(pass.name), !names.contains(TokenStore.lockName) { continue }
      do throws(Failure) {
        if let record = try tokens.owner(of: pass.token) {
          session.admit(Session.Pass(token: pass.token, record: record))
        } else {
          close(session, .policy, "the token holds no longer")
        }
      } catch {
        notice("\(error)")
        close(session, .policy, "the token cannot be read")
      }
    }
  }
}
