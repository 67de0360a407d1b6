import Approvals
import Spool

extension Approving {
  /// Somebody is told the verdict: from now on it may not change, whatever happens.
  func tell(_ verdict: Verdict, of id: EntryID) {
    lab.machine.act {
      let id = id.description
      if let first = world.told[id], first != verdict.word {
        lab.machine.violate("two verdicts: \(id) was told to be \(first), then \(verdict.word)")
      }
      if world.told[id] == nil { world.told[id] = verdict.word }
      check(id)
    }
  }

  /// What was told is on the disk, and is right.
  func checkTold() { for id in world.told.keys.sorted() { check(id) } }

  /// The record of a verdict, handed over or not, read past the library.
  private func record(_ id: String) -> Entry? {
    let handedOver = lab.bytes("approvals", "re", id)
    let bytes = handedOver ?? lab.directory("approvals", "out")?.children[id]?.children["re"]?.content
    return bytes.flatMap { try? Entry(parsing: $0) }
  }

  private func check(_ id: String) {
    guard let record = record(id), let verdict = try? Verdict(record) else {
      return lab.machine.violate("I4: \(id) was told to be \(world.told[id]?.rawValue ?? "?"), and has no verdict")
    }
    if let told = world.told[id], told != verdict.word {
      lab.machine.violate("I4: \(id) was told to be \(told), and its record says \(verdict.word)")
    }
    if verdict.word == .timeout { checkTimeout(id, record) } else { checkAnswered(id, verdict, record) }
  }

  /// Only what has arrived can time out, not before its time, and not where somebody has answered.
  private func checkTimeout(_ id: String, _ record: Entry) {
    let machine = lab.machine
    guard let deadline = record.header["Deadline"].flatMap({ Timestamp(rfc3339: $0) }),
      let delivery = record.header["Delivery"], let arrival = world.got[delivery]?.first
    else { return machine.violate("\(id) timed out, and it has not arrived") }
    if machine.latestClock <= deadline { machine.violate("\(id) timed out before \(deadline.rfc3339)") }
    let jumped = machine.strikes[.clockJump] != nil
    if !jumped, let span = world.spans[id], deadline < arrival.time + span {
      machine.violate("\(id) had until \(deadline.rfc3339), and not \(span) from \(arrival.time.rfc3339)")
    }
    // Where no lease can be had, what the clock says is how long nobody has been writing.
    if jumped && machine.strikes[.noLease] != nil { return }
    for answer in world.answers where answer.request.description == id && answer.word != nil {
      guard let durable = answer.durable, durable <= deadline else { continue }
      machine.violate("\(id) timed out, though \(answer.name ?? "a tool") had said \(answer.word!) before that")
    }
  }

  /// As its verdict says it, else its own proof of arrival.
  private func deadline(_ id: String, _ record: Entry) -> Timestamp? {
    let proof = lab.bytes("approvals", "log", "\(id).proof").flatMap { try? Header.parse($0).0 }
    return (record.header["Deadline"] ?? proof?["Deadline"]).flatMap { Timestamp(rfc3339: $0) }
  }

  /// By somebody who has said just that, and in time.
  private func checkAnswered(_ id: String, _ verdict: Verdict, _ record: Entry) {
    let machine = lab.machine
    guard let reply = verdict.reply.flatMap({ entry("replies", $0.description) }) else {
      return machine.violate("\(id) was \(verdict.word) by a reply that is gone")
    }
    if let answered = verdict.answered, let deadline = deadline(id, record), answered > deadline {
      machine.violate("\(id) was \(verdict.word) by an answer of \(answered.rfc3339), after \(deadline.rfc3339)")
    }
    let said = world.answers.filter {
      $0.request.description == id && $0.name == reply.header["Name"] && $0.text == reply.text
    }
    if said.contains(where: { $0.word == verdict.word }) { return }
    // Of what nobody has flushed, or has not written to its end, an empty file may be left: a plain yes or no.
    if !said.isEmpty || machine.strikes.isEmpty {
      machine.violate("\(id) was \(verdict.word), and the reply says: \(reply.header["Name"] ?? "") \(reply.text)")
    }
  }

  private func entry(_ queue: String, _ id: String) -> Entry? {
    guard let (room, name) = lab.places(queue)[id]?.first else { return nil }
    return lab.bytes(queue, room, name).flatMap { try? Entry(parsing: $0) }
  }

  // MARK: When all is quiet

  func checkAll() {
    for (id, found) in lab.places("approvals").sorted(by: { $0.key < $1.key }) {
      if found.map(\.room) != ["done"] { lab.machine.violate("\(id) is not decided: it lies in \(found.map(\.room))") }
      check(id)
      switch record(id).flatMap({ try? Verdict($0) })?.word {
      case .approved: lab.see("it is approved")
      case .rejected: lab.see("it is rejected")
      case .timeout: lab.see("nobody answers in time")
      case nil: break
      }
      if world.told[id] == nil { lab.see("it is decided while nobody waits") }
    }
    checkReplies()
    checkDropped()
    // I5: what may have arrived is never sent again unmarked, where the channel cannot tell.
    for (id, got) in world.got {
      let marks = got.filter { $0.channel == "pager" }.map(\.isMarked)
      if marks.dropFirst().contains(false) { lab.machine.violate("I5: \(id) was sent again without a mark: \(marks)") }
    }
  }

  /// Each has been told what became of it; only the one that decided counts.
  private func checkReplies() {
    for (id, found) in lab.places("replies") {
      guard found.map(\.room) == ["done"], let response = lab.bytes("replies", "re", id),
        let result = (try? Entry(parsing: response))?.header["Result"]
      else {
        lab.machine.violate("the reply \(id) has no response: it lies in \(found.map(\.room))")
        continue
      }
      let decides = lab.names("approvals", "re").contains { record($0)?.header["Reply"] == id }
      if decides != (result == "counted") {
        lab.machine.violate("the reply \(id) is \(result), and decides: \(decides)")
      }
      if ["late", "unclear", "refused"].contains(result) { lab.see("an answer is \(result)") }
    }
  }

  /// None is lost, and none counts twice.
  private func checkDropped() {
    let machine = lab.machine
    var taken: [String: Int] = [:]
    for id in lab.places("replies").keys {
      if let name = entry("replies", id)?.header["Name"] { taken[name, default: 0] += 1 }
    }
    let isSure = machine.strikes[.noLease] == nil || machine.strikes[.clockJump] == nil
    for (name, answers) in Dictionary(grouping: world.answers, by: \.name) {
      guard let name else { continue }
      let count = taken[name] ?? 0
      let safe = answers.count { $0.durable != nil || machine.cuts == 0 && $0.isWhole }
      if count < safe { machine.violate("drop/\(name) was dropped \(safe) times, and taken \(count) times") }
      if isSure && count > answers.count { machine.violate("I7: drop/\(name) became \(count) replies") }
    }
  }
}
