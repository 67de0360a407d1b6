import Spool

/// One process that is killed, and what it left half done is found by the next, which the power takes: with nobody else about, each
/// pair of system calls comes up. What is to be flushed before it is acted on shows here.
struct OneByOne: Scenario {
  static let name = "one by one"
  static let sights = ["a file is taken", "an entry is claimed", "an entry is adopted", "a product is handed over"]
  let lab: Laboratory
  private let work = Work()

  private final class Work {
    var begun: [String: Int] = [:]
    /// Those that were begun by their ID, as deliver and claude-call do it.
    var ids: Set<EntryID> = []
    /// Files that somebody has begun to write, once each.
    var dropped: Set<String> = []
  }

  init(_ laboratory: Laboratory) { lab = laboratory }

  func setUp() throws {
    let spool = try lab.spool("setup")
    for queue in ["a", "b"] { _ = try spool.queue(queue, making: true) }
  }

  func plan() -> Plan {
    let first = lab.machine.dice.roll(140)
    // What the next finds at once, or what it comes to when it has opened and published.
    let second = first + 1 + lab.machine.dice.roll(lab.machine.dice.once(in: 2) ? 50 : 160)
    return Plan((first, lab.machine.dice.once(in: 4) ? .powerCut : .kill), (second, .powerCut))
  }

  func cast(act: Int) {
    let (byID, keyed) = (lab.machine.dice.once(in: 2), lab.machine.dice.once(in: 2))
    let drops = lab.machine.dice.once(in: 3)
    lab.role("all", runs: 4) { _ in
      // Who claims by its ID may meet what nobody has swept.
      if !byID { try lab.sweep("a", "b") }
      if drops { try drop("note\(act)") } else { try put("text \(act)", key: keyed ? "k\(act)" : nil, byID: byID) }
      try workOff()
    }
  }

  private func drop(_ name: String) throws {
    let queue = try lab.spool("work").queue("a")
    let directory = try queue[.drop]
    if !work.dropped.contains(name) {
      lab.machine.act { _ = work.dropped.insert(name) }
      let file = try directory.create(name, mode: 0o600)
      try file.write(Array(name.utf8))
      try file.sync()
      try file.close()
      try directory.sync()
      lab.machine.act { work.begun["drop/\(name)"] = 1 }
    }
    if try !queue.takeDrops().published.isEmpty { lab.see("a file is taken") }
  }

  private func put(_ text: String, key: String?, byID: Bool) throws {
    let queue = try lab.spool("put").queue("a")
    let draft = Draft(body: Array(text.utf8))
    let id = try key.map { try queue.publish(draft, key: $0).id } ?? queue.publish(draft)
    lab.accept(id, in: "a", body: draft.body, key: key)
    if byID { lab.machine.act { _ = work.ids.insert(id) } }
  }

  private func workOff() throws {
    let queue = try lab.spool("work").queue("a")
    // In order: a set has another one in each process, and the seed would not be the whole story.
    for id in work.ids.sorted() {
      let wasClaimed = try queue.locate(id)?.room == .run
      guard case .claimed(let claim) = try queue.claim(id) else { continue }
      if wasClaimed { lab.see("an entry is adopted") }
      try work(on: claim, isAdopted: wasClaimed)
    }
    for place in try queue.ready().places {
      guard case .claimed(let claim) = try queue.claim(place.fileName, in: place.room) else { continue }
      lab.see("an entry is claimed")
      try work(on: claim)
    }
  }

  /// - Parameter isAdopted: it goes on with the attempt that it found.
  private func work(on claim: Claim, isAdopted: Bool = false) throws {
    let attempt = claim.name.attempts + 1
    lab.machine.act {
      if let last = work.begun[claim.id.description], isAdopted ? attempt < last : attempt <= last {
        lab.machine.violate("a/\(claim.id): attempt \(last) was begun, and then attempt \(attempt)")
      }
      work.begun[claim.id.description] = attempt
    }
    let text = claim.entry.body
    try claim.finish([Product(.queue("b"), body: text), Product(.response, body: text)])
    lab.see("a product is handed over")
  }

  func finish() {
    lab.settle(["a"]) { _ in
      try lab.sweep("a", "b")
      _ = try lab.spool("work").queue("a").takeDrops()
      try workOff()
    }
    lab.checkInvariants(["a", "b"])
    let (a, b) = (lab.places("a"), lab.places("b"))
    for (id, found) in a {
      if found.first?.room != "done" { lab.machine.violate("a/\(found.first?.room ?? "")/\(id) is not done") }
      if b[id] == nil { lab.machine.violate("I5: a/done/\(id): its product is gone") }
      if lab.bytes("a", "re", id) == nil { lab.machine.violate("I5: a/done/\(id): its response is gone") }
    }
    let names = a.values.joined().compactMap {
      try? Entry(parsing: lab.bytes("a", $0.room, $0.name) ?? []).header["Name"]
    }
    for dropped in work.begun.keys where dropped.hasPrefix("drop/") {
      let count = names.count { "drop/\($0)" == dropped }
      if count != 1 { lab.machine.violate("I4: \(dropped) became \(count) entries") }
    }
  }
}
