import Spool
import Work

/// The same keys from several processes at once, while the entries are already worked off.
struct OneKey: Scenario {
  static let name = "one key"
  static let sights = ["a key is new", "a key is known", "an entry is worked on", "an old record is removed"]
  let lab: Laboratory

  private let used = Used()

  private final class Used { var acts = 0 }

  private func keys(_ act: Int) -> [String] { (0..<3).map { "k\(act)\($0)" } }

  init(_ laboratory: Laboratory) { lab = laboratory }

  func setUp() throws {
    _ = try lab.spool("setup").queue("a", making: true)
    lab.machine.programs["/bin/true"] = { [lab] _, _ in lab.see("an entry is worked on") }
  }

  func cast(act: Int) {
    let keys = keys(act)
    used.acts = act + 1
    for _ in 0..<(2 + lab.machine.dice.roll(2)) {
      // Who was not told exit 0 asks again.
      lab.role("put", runs: 4) { _ in try put(keys) }
    }
    // A queue that is made at its first use, by two at once.
    for _ in 0..<2 { lab.role("put-first", runs: 3) { _ in try putFirst("first \(act)") } }
    lab.role("work", runs: 4) { _ in try work() }
    lab.role("sweep", runs: 3) { _ in try lab.sweep("a", "b", making: true) }
  }

  private func put(_ keys: [String]) throws {
    let queue = try lab.spool("put").queue("a")
    for key in keys {
      let body = Array("text of \(key)".utf8)
      let published = try queue.publish(Draft(body: body), key: key)
      lab.see(published.isNew ? "a key is new" : "a key is known")
      lab.accept(published.id, in: "a", body: body, key: key)
    }
  }

  private func putFirst(_ key: String) throws {
    let queue = try lab.spool("put").queue("b", making: true)
    lab.accept(try queue.publish(Draft(body: Array(key.utf8)), key: key).id, in: "b", body: Array(key.utf8), key: key)
  }

  private func work() throws {
    let queue = try lab.spool("spool").queue("a")
    let step = CommandStep(path: "/bin/true", arguments: ["true"], timeout: .seconds(60), attempts: 5) { _ in }
    _ = try Worker(queue: queue, attempts: 5).run(once: true) { claim throws(Failure) in try step.run(claim) }
  }

  func finish() {
    settle()
    let old = lab.places("a").keys
    let count = old.count
    if count != 3 * used.acts { lab.machine.violate("I7: \(3 * used.acts) keys, \(count) entries") }
    // Past the time for which a key is kept: records go, and the keys with them.
    lab.machine.pass(100 * 86_400_000_000_000)
    lab.forgetAccepted()
    lab.run(Plan(&lab.machine.dice)) {
      for _ in 0..<2 { lab.role("tick", runs: 3) { _ in try lab.spool("tick").queue("a").removeOld() } }
      // What it is given may be the old entry, which then goes: it was kept for as long as was promised.
      lab.role("put", runs: 3) { _ in
        let queue = try lab.spool("put").queue("a")
        for key in keys(0) { _ = try queue.publish(Draft(body: Array("text of \(key)".utf8)), key: key) }
      }
    }
    settle()
    let now = lab.places("a")
    for id in old where now[id] == nil { lab.see("an old record is removed") }
  }

  private func settle() {
    lab.settle(["a"]) { _ in
      try lab.sweep("a", "b", making: true)
      // What was removed by half goes with the next day's round.
      try lab.spool("tick").queue("a").removeOld()
      for act in 0..<used.acts {
        try put(keys(act))
        try putFirst("first \(act)")
      }
      try work()
    }
    lab.checkInvariants(["a", "b"])
  }
}
