import Spool
import Work

/// Entries are published, worked on, and handed to a second queue whose workers are at it at once; somebody sweeps, somebody
/// moves things by hand.
struct PassingOn: Scenario {
  static let name = "passing on"
  static let sights = [
    "a step runs", "a step runs again", "a batch is finished", "a person moves one", "a product is handed over",
  ]
  let lab: Laboratory
  private let work = Copies()

  init(_ laboratory: Laboratory) { lab = laboratory }

  /// Which processes work on an entry, as which attempt it was begun last, and where people were told that it lies.
  private final class Copies {
    var at: [String: [Process]] = [:]
    var begun: [String: Int] = [:]
    var told: [String: Room] = [:]
    var isMovedByHand = false
  }

  func setUp() throws {
    let spool = try lab.spool("setup")
    for queue in ["a", "b"] { _ = try spool.queue(queue, making: true) }
    lab.machine.programs["/bin/first"] = program(prints: true)
    lab.machine.programs["/bin/second"] = program(prints: false)
  }

  /// Upper-cases its input; now and then it fails in one of the ways in which programs fail.
  private func program(prints: Bool) -> Machine.Program {
    { [lab, work] machine, call in
      let id = call.environment["SPOOL_ID"] ?? "?"
      let queue = call.environment["SPOOL_QUEUE"] ?? "?"
      machine.act {
        let others = work.at["\(queue)/\(id)", default: []].filter { !$0.isDead && !$0.hasEnded }
        if !others.isEmpty { lab.machine.violate("I3: two copies work on \(queue)/\(id)") }
        work.at["\(queue)/\(id)"] = others + [call.process]
        begin("\(queue)/\(id)", attempt: call.environment["SPOOL_ATTEMPT"].flatMap { Int($0) } ?? 0)
      }
      let ending = machine.dice.roll(20)
      if ending == 0 { machine.sleep(atMost: .seconds(7200), watch: nil) }
      if ending == 1 || ending == 6 { linger(machine, call.process, "\(queue)/\(id)") }
      let output = prints ? call.input.map { (97...122).contains($0) ? $0 - 32 : $0 } : []
      machine.exit([2: 75, 3: 1, 4: 74, 6: 75][ending] ?? 0, signal: ending == 5 ? 6 : 0, output)
    }
  }

  /// What was begun is counted: a poison that takes the power down with it is not begun for ever. Who is asked to stop, and
  /// who is revived by hand, begins as before.
  private func begin(_ entry: String, attempt: Int) {
    let last = work.begun[entry]
    if let last, attempt <= last, lab.machine.signalled == 0, !work.isMovedByHand {
      lab.machine.violate("\(entry): attempt \(last) was begun, and then attempt \(attempt)")
    }
    lab.see(last == nil ? "a step runs" : "a step runs again")
    work.begun[entry] = attempt
  }

  /// A grandchild that keeps the lock for a while after its parent has ended.
  private func linger(_ machine: Machine, _ process: Process, _ entry: String) {
    guard let lock = process.descriptors[9] else { return }
    lock.references += 1
    let grandchild = machine.start("grandchild") { _ in machine.sleep(atMost: .seconds(5), watch: nil) }
    grandchild.descriptors[9] = lock
    work.at[entry, default: []].append(grandchild)
  }

  func cast(act: Int) {
    let dice = lab.machine.dice.next()
    let count = 3 + Int(dice % 3)
    lab.role("put") { _ in
      let queue = try lab.spool("put").queue("a")
      for number in 0..<count {
        let body = Array("entry \(act) \(number)".utf8)
        lab.accept(try queue.publish(Draft(slug: "e\(number)", body: body)), in: "a", body: body)
      }
    }
    if dice >> 8 & 1 == 0 {
      lab.role("put-many") { _ in
        let queue = try lab.spool("put").queue("a")
        // Enough to be flushed by one syncfs, or too few.
        let bodies = (0..<(act % 2 == 0 ? 8 : 3)).map { Array("line \(act) \($0)".utf8) }
        let ids = try queue.publish(bodies.map { Draft(slug: "many", body: $0) })
        for (id, body) in zip(ids, bodies) { lab.accept(id, in: "a", body: body) }
      }
    }
    let workers = 1 + Int(dice >> 16 % 3)
    let stays = dice >> 24 & 3 == 0
    for _ in 0..<workers { lab.role("work", runs: 4) { process in try work(on: "a", once: !stays, process) } }
    let batches = dice >> 40 & 1 == 0
    lab.role("next", runs: 3) { process in
      if batches { try workTogether() } else { try work(on: "b", once: true, process) }
    }
    lab.role("sweep", runs: 3) { _ in try lab.sweep("a", "b") }
    if dice >> 32 & 3 == 0 { lab.role("person", runs: 2) { _ in try moveByHand() } }
  }

  private func work(on name: String, once: Bool, _ process: Process) throws {
    let queue = try lab.spool("spool").queue(name)
    if name == "a" { queue.next = "b" }
    let step = CommandStep(
      path: name == "a" ? "/bin/first" : "/bin/second", arguments: ["step"], timeout: .seconds(600), attempts: 5,
      onError: { _ in })
    var left = 6
    _ = try Worker(queue: queue, attempts: 5).run(once: once) { claim throws(Failure) in
      left -= 1
      // A resident worker is asked to stop some time.
      if left == 0 { lab.machine.signal(process) }
      return try step.run(claim)
    }
  }

  /// As somebody does whose work is shorter than a barrier.
  private func workTogether() throws {
    let queue = try lab.spool("batch").queue("b")
    for _ in 0..<5 {
      let claims = try queue.claim(queue.ready().places)
      for claim in claims { lab.machine.act { begin("b/\(claim.id)", attempt: claim.name.attempts + 1) } }
      if !claims.isEmpty {
        try queue.finish(claims)
        lab.machine.act { for claim in claims { work.told["b/\(claim.id)"] = .done } }
        lab.see("a batch is finished")
      }
      lab.machine.sleep(atMost: .seconds(1), watch: nil)
    }
  }

  private func moveByHand() throws {
    let queue = try lab.spool("person").queue("a")
    for request in [Request.hold, .release, .cancel, .retry] {
      let places = try queue.places(for: "e\(lab.machine.dice.roll(4))")
      guard let place = places.first else { continue }
      work.isMovedByHand = true
      work.told["a/\(place.name.id)"] = nil
      guard (try? queue.carryOut(request, for: place, by: "a person")) != nil else { continue }
      lab.see("a person moves one")
      // Exit 0: parked is parked, and cancelled is cancelled.
      lab.machine.act {
        if request == .hold || request == .cancel { work.told["a/\(place.name.id)"] = request == .hold ? .hold : .fail }
      }
    }
  }

  func finish() {
    checkTold()
    lab.settle(["a", "b"]) { process in
      try lab.sweep("a", "b")
      let a = try lab.spool("release").queue("a")
      for place in try a.entries(in: .hold) { try a.carryOut(.release, for: place, by: "a person") }
      try work(on: "a", once: true, process)
      try work(on: "b", once: true, process)
    }
    lab.checkInvariants(["a", "b"])
    checkProducts()
  }

  private func checkTold() {
    let found = ["a": lab.places("a"), "b": lab.places("b")]
    for (entry, room) in work.told {
      let there = found[String(entry.prefix(1))]?[String(entry.dropFirst(2))]?.first?.room ?? "nowhere"
      if there != room.rawValue { lab.machine.violate("I4: \(entry): \(room) was told, and it lies \(there)") }
    }
  }

  /// I5: each product handed over exactly once, each step run at least once.
  private func checkProducts() {
    let (a, b) = (lab.places("a"), lab.places("b"))
    for (id, found) in a {
      guard let (room, name) = found.first else { continue }
      if room == "done" {
        if work.begun["a/\(id)"] == nil { lab.machine.violate("I5: a/done/\(id): no step has run") }
        guard let (there, product) = b[id]?.first else {
          lab.machine.violate("I5: a/done/\(id): its product is gone")
          continue
        }
        let text = (try? Entry(parsing: lab.bytes("a", room, name) ?? []))?.text.uppercased()
        lab.see("a product is handed over")
        if (try? Entry(parsing: lab.bytes("b", there, product) ?? []))?.text != text {
          lab.machine.violate("I5: b/\(there)/\(id): not what the step printed")
        }
      } else if b[id] != nil {
        lab.machine.violate("I5: a/\(room)/\(id) has a product in b/")
      }
    }
    for id in b.keys where a[id] == nil { lab.machine.violate("I5: b: \(id) comes from nowhere") }
  }
}
