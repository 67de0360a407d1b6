import Approvals
import Glibc
import Spool
import SystemPackage

extension Approving {
  /// What somebody says to a request: a file in `drop/`, or a tool's reply.
  final class Answer {
    let request: EntryID
    /// The file's name; nil: a tool's.
    let name: String?
    let text: String
    /// Nil: no plain yes or no, or not from somebody who may say so.
    let word: Verdict.Word?
    /// Once it may not be lost any more: the latest time that any clock had shown by then.
    var durable: Timestamp?
    /// Written to its end, under its name.
    var isWhole = false

    init(to request: EntryID, name: String?, text: String, word: Verdict.Word?) {
      self.request = request
      self.name = name
      self.text = text
      self.word = word
    }
  }

  /// When somebody answers.
  private enum Moment: CaseIterable {
    case atOnce, someTime
    /// Just before or just behind the deadline.
    case lastMoment, tooLate
  }

  /// A file's suffix and content, and what they say; `#` becomes a number.
  private static let files: [(suffix: String, text: String, word: Verdict.Word?)] = [
    (".yes", "", .approved), (".yes", "yes: go on, #\n", .approved), ("", "ok\n", .approved),
    (".txt", "approve: #", .approved),
    (".no", "", .rejected), (".no", "no\n\nnot # today\n", .rejected), ("", "reject: # times no\n", .rejected),
    ("", "perhaps, in # days\n", nil), (".yes", "no\n", nil), ("", "yes\nbut not # today\n", nil),
  ]

  func castAnswerer(_ key: String, _ number: String) {
    let moment = lab.machine.dice.pick(Moment.allCases + [.lastMoment, .lastMoment])
    if lab.machine.dice.once(in: 3) {
      let word = lab.machine.dice.once(in: 2) ? Verdict.Word.approved : .rejected
      return lab.role("approve", runs: 2) { _ in
        if let id = request(key, at: moment) { try answer(id, word) }
      }
    }
    let file = lab.machine.dice.pick(Self.files)
    let (moves, flushes) = (lab.machine.dice.once(in: 2), lab.machine.dice.roll(4) > 0)
    let isStranger = lab.machine.dice.once(in: 10)
    lab.role("person") { _ in
      guard let id = request(key, at: moment) else { return }
      let answer = Answer(
        to: id, name: "\(id)\(file.suffix)", text: file.text.replacing("#", with: number),
        word: isStranger ? nil : file.word)
      try drop(answer, moves: moves, flushes: flushes, isStranger: isStranger)
    }
  }

  /// Until there is a request, and then until it is time to answer it; nil where there is none for 4 s.
  private func request(_ key: String, at moment: Moment) -> EntryID? {
    let machine = lab.machine
    for _ in 0..<40 where world.requests[key] == nil { machine.sleep(atMost: .milliseconds(100), watch: nil) }
    guard let id = world.requests[key] else { return nil }
    let spread = machine.dice.roll(1000) * 1000
    switch moment {
    case .atOnce: return id
    case .someTime:
      machine.sleep(atMost: .milliseconds(machine.dice.roll(3000)), watch: nil)
      return id
    case .lastMoment, .tooLate: break
    }
    // As the request says it to whoever reads it.
    for _ in 0..<40 where deadline(of: id) == nil { machine.sleep(atMost: .milliseconds(100), watch: nil) }
    guard let deadline = deadline(of: id) else { return id }
    let left = deadline - machine.clock + .nanoseconds(moment == .tooLate ? spread : -spread)
    if left > .zero && left < .seconds(10) { machine.sleep(atMost: left, watch: nil) }
    return id
  }

  private func deadline(of id: EntryID) -> Timestamp? {
    lab.directory("approvals", "hold")?.children[id.description]?.modified
  }

  private func register(_ answer: Answer) {
    lab.machine.act {
      world.answers.append(answer)
      let id = answer.request.description
      if lab.names("approvals", "wait").contains(id) { lab.see("it is answered before it has arrived") }
      guard let deadline = deadline(of: answer.request) else { return }
      let left = deadline - lab.machine.clock
      if left > .zero && left < .milliseconds(1) { lab.see("it is answered at the last moment") }
      if left < .zero && left > .milliseconds(-1) { lab.see("an answer is too late by a moment") }
    }
  }

  /// From now on it may not be lost.
  private func keep(_ answer: Answer) { lab.machine.act { answer.durable = lab.machine.latestClock } }

  /// As `touch` and `cp` do it, or an editor that writes beside and renames.
  private func drop(_ answer: Answer, moves: Bool, flushes: Bool, isStranger: Bool) throws {
    let name = answer.name!
    let drop = try Kernel.open("/spool/replies/drop", in: nil, O_RDONLY | O_DIRECTORY)
    let written = moves ? ".\(name).tmp" : name
    register(answer)
    let file: File
    do {
      let flags = O_WRONLY | O_CREAT | O_EXCL
      file = File(try Kernel.open(written, in: drop, flags, mode: 0o600), path: "drop/\(name)")
    } catch {
      // Somebody has said so already, or is about to.
      world.answers.removeAll { $0 === answer }
      throw error
    }
    if isStranger { lab.directory("replies", "drop")?.children[written]?.owner += 1 }
    let text = Array(answer.text.utf8)
    if !text.isEmpty {
      try file.write(text[..<1])
      try file.write(text[1...])
    }
    if flushes { try Kernel.sync(file.descriptor, name) }
    try file.close()
    if moves { try Kernel.rename(written, in: drop, to: name, in: drop) }
    lab.machine.act { answer.isWhole = true }
    guard flushes else { return }
    try Kernel.sync(drop, "drop")
    keep(answer)
  }

  /// As `approve ID` and `reject ID`.
  private func answer(_ id: EntryID, _ word: Verdict.Word) throws {
    let desk = try desk("approve")
    let answer = Answer(to: id, name: nil, text: word == .approved ? "yes" : "no", word: word)
    register(answer)
    let reply = try Reply(to: id.description, answer.text, from: .owner(geteuid()), over: "approve")
      .commit(to: desk.spool)
    lab.accept(reply, in: "replies", body: Array(answer.text.utf8))
    keep(answer)
    // Not as often as the tool: behind a clock that was set back it would be in vain.
    for _ in 0..<50 {
      let round = try desk.tend()
      if try desk.replies.response(reply) != nil {
        if let verdict = try desk.verdict(id) { tell(verdict, of: id) }
        return
      }
      if let id = try desk.request(of: reply) { _ = try desk.advance(id, asOf: round.asOf(id)) }
      lab.machine.sleep(atMost: .milliseconds(20), watch: nil)
    }
    lab.machine.note("\(reply) is accepted, and not decided yet")
  }
}
