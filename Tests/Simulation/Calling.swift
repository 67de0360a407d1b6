import Calls
import Roster
import Spool
import Work

/// Callers who ask an agent: two under the same key, one without; each answer is on record, and what was paid twice says so.
struct Calling: Scenario {
  static let name = "calling"
  static let sights = ["a model is asked", "a model is asked again", "an answer is given", "a session has answered"]
  let lab: Laboratory
  private let world = World()

  private final class World {
    /// How often the model was asked, by call.
    var paid: [String: Int] = [:]
    var answers: [String: String] = [:]
    /// Whom a model answers just now.
    var asked: [Process] = []
    var keys: Set<String> = []
    /// The agent's sessions, in the order in which they were remembered, and the last of which a caller had an answer.
    var sessions: [String] = []
    var lastAnswered = -1
    var sessionCount = 0
  }

  init(_ laboratory: Laboratory) { lab = laboratory }

  func setUp() throws {
    let spool = try lab.spool("setup")
    _ = try spool.queue("calls-main", making: true)
    let agent = "Command: /bin/claude\nSession: persistent\nRate: 100/min\nConcurrency: 2\n\nYou are main.\n"
    try spool.directory("agents").replace("main.md", with: Array(agent.utf8))
    lab.machine.onReplace = { [world] path, content in
      if path.hasSuffix("/calls-main/session") { world.sessions.append(Self.session(content)) }
    }
    lab.machine.afterCut = { checkSession() }
    lab.machine.programs["/bin/claude"] = { machine, call in
      machine.act {
        let id = call.environment["SPINDLE_CALL"] ?? "?"
        lab.see(world.paid[id] == nil ? "a model is asked" : "a model is asked again")
        world.paid[id, default: 0] += 1
        world.asked.removeAll { $0.isDead || $0.hasEnded }
        world.asked.append(call.process)
        if world.asked.count > 2 { lab.machine.violate("Concurrency: 2, and \(world.asked.count) are asked at once") }
      }
      switch machine.dice.roll(12) {
      case 0: machine.sleep(atMost: .seconds(300), watch: nil)
      case 1: return machine.exit(1)
      default: break
      }
      world.sessionCount += 1
      let result = """
        {"type":"result","subtype":"success","is_error":false,"result":"an answer to \(call.input.count) bytes",\
        "session_id":"session-\(world.sessionCount)","total_cost_usd":0.01}

        """
      machine.exit(0, Array(result.utf8))
    }
  }

  func cast(act: Int) {
    for caller in 0..<(2 + lab.machine.dice.roll(2)) {
      let key = "q\(act)\(caller % 2)"
      world.keys.insert(key)
      lab.role("ask", runs: 3) { _ in try ask("one question", key: key) }
    }
    lab.role("ask-once", runs: 2) { _ in try ask("another question", key: nil) }
    lab.role("sweep", runs: 3) { _ in try sweep() }
  }

  private func ask(_ prompt: String, key: String?) throws {
    let spool = try lab.spool("claude-call")
    var options = CallOptions(timeout: .seconds(60), attempts: 2)
    options.key = key
    let caller = Caller(
      spool: spool, agent: try Agent(named: "main", in: spool), options: options, environment: ["PATH": "/bin"])
    let answer = try caller.call(Array(prompt.utf8))
    lab.accept(answer.id, in: "calls-main", body: Array(prompt.utf8), key: key)
    lab.machine.act {
      lab.see("an answer is given")
      world.answers[answer.id.description] = answer.text
      let session = record(answer.id.description)?.header["Session"]
      if let place = world.sessions.lastIndex(where: { $0 == session }) {
        world.lastAnswered = max(world.lastAnswered, place)
        lab.see("a session has answered")
      }
    }
  }

  private func sweep() throws {
    let queue = try lab.spool("tick").queue("calls-main")
    try queue.sweep()
    try queue.sweepKeys()
    try queue.expireDue(isWhole: true)
  }

  private static func session(_ content: [UInt8]) -> String {
    String(String(decoding: content, as: UTF8.self).prefix { $0 != "\n" })
  }

  /// Who has answered remembers it: an older session would know less than the caller was told.
  private func checkSession() {
    let session = Self.session(lab.bytes("calls-main", "", "session") ?? [])
    let place = world.sessions.lastIndex(of: session) ?? -1
    if place < world.lastAnswered {
      lab.machine.violate("I4: \(world.sessions[world.lastAnswered]) has answered, and \(session) is remembered")
    }
    // What the cut has taken back was never there.
    world.sessions.removeLast(world.sessions.count - 1 - place)
  }

  func finish() {
    checkSession()
    lab.settle(["calls-main"]) { _ in
      try sweep()
      for key in world.keys.sorted() { try? ask("one question", key: key) }
    }
    lab.checkInvariants(["calls-main"])
    for (id, found) in lab.places("calls-main") { check(id, room: found.first?.room ?? "") }
    if let session = lab.bytes("calls-main", "", "session"),
      !session.starts(with: "session-".utf8) || session.last != 10
    {
      lab.machine.violate("the session is torn: \(String(decoding: session, as: UTF8.self).printable)")
    }
    for (id, answer) in world.answers where record(id)?.text.trimmed != answer.trimmed {
      lab.machine.violate(
        "I4: \(id) was answered with \(answer.printable), and its record says \(record(id)?.text ?? "nothing")")
    }
  }

  private func record(_ id: String) -> Entry? {
    lab.bytes("calls-main", "re", id).flatMap { try? Entry(parsing: $0) }
  }

  private func check(_ id: String, room: String) {
    let paid = world.paid[id] ?? 0
    guard room == "done" else { return }
    guard let record = record(id) else { return lab.machine.violate("I5: calls-main/done/\(id) has no reply") }
    if paid == 0 { lab.machine.violate("I5: \(id) has a reply, and nobody was asked") }
    let says = record.header["Note"]?.contains("in doubt") == true || record.header["Attempts"] != "1"
    if paid > 1 && !says { lab.machine.violate("I5: \(id) was paid \(paid) times, and its record does not say so") }
  }
}
