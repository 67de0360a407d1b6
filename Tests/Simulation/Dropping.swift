import Glibc
import Spool
import SystemPackage

/// People put files into `drop/`, in whichever way their program writes; two tools take them at once.
struct Dropping: Scenario {
  static let name = "dropping"
  static let sights = ["a file becomes an entry", "a file is saved again"]
  let lab: Laboratory
  private let dropped = Dropped()

  private final class Dropped {
    /// Whole, closed, and flushed by who wrote it: it may not be lost.
    var safe: Set<String> = []
    /// Whole and closed.
    var whole: Set<String> = []
    /// Saved a second time, by an editor that writes beside and renames: the first text may be taken as well.
    var again: Set<String> = []
  }

  init(_ laboratory: Laboratory) { lab = laboratory }

  func setUp() throws { _ = try lab.spool("setup").queue("a", making: true) }

  func cast(act: Int) {
    for number in 0..<(4 + lab.machine.dice.roll(3)) {
      let (moves, flushes) = (lab.machine.dice.once(in: 2), lab.machine.dice.roll(3) > 0)
      let again = lab.machine.dice.once(in: 3)
      lab.role("person") { _ in
        let name = "note\(act)\(number).txt"
        try drop(name, moves: moves, flushes: flushes)
        if again { try saveAgain(name) }
      }
    }
    for taker in ["tick", "work"] { lab.role(taker, runs: 5) { _ in try take() } }
    lab.role("sweep", runs: 3) { _ in try lab.sweep("a") }
  }

  private static func text(_ name: String) -> [UInt8] { Array("\(name) says a few words".utf8) }

  /// As `cp` does it, or an editor that writes beside and renames.
  private func drop(_ name: String, moves: Bool, flushes: Bool) throws {
    let drop = try Kernel.open("/spool/a/drop", in: nil, O_RDONLY | O_DIRECTORY)
    let written = moves ? ".\(name).tmp" : name
    let file = File(
      try Kernel.open(written, in: drop, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600), path: "drop/\(name)")
    let text = Self.text(name)
    try file.write(text[..<5])
    try file.write(text[5...])
    if flushes { try Kernel.sync(file.descriptor, name) }
    try file.close()
    if moves { try Kernel.rename(written, in: drop, to: name, in: drop) }
    lab.machine.act { dropped.whole.insert(name) }
    if flushes {
      try Kernel.sync(drop, "drop")
      lab.machine.act { dropped.safe.insert(name) }
    }
  }

  /// Over what may just be being taken.
  private func saveAgain(_ name: String) throws {
    let drop = try Kernel.open("/spool/a/drop", in: nil, O_RDONLY | O_DIRECTORY)
    let written = ".\(name).swp"
    let file = File(
      try Kernel.open(written, in: drop, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600), path: "drop/\(name)")
    try file.write(Self.secondText(name))
    try Kernel.sync(file.descriptor, name)
    try file.close()
    lab.machine.act { dropped.again.insert(name) }
    try Kernel.replace(written, in: drop, with: name)
    try Kernel.sync(drop, "drop")
    lab.machine.act {
      dropped.safe.insert(name + "!")
      lab.see("a file is saved again")
    }
  }

  private static func secondText(_ name: String) -> [UInt8] { Array("\(name) says more".utf8) }

  private func take() throws { _ = try lab.spool("spool").queue("a").takeDrops() }

  func finish() {
    lab.settle([]) { _ in
      try lab.sweep("a")
      try take()
    }
    lab.checkInvariants(["a"])
    if let left = lab.names("a", "drop").first(where: { !$0.hasPrefix(".") || $0.hasPrefix(".take-") }) {
      lab.machine.violate("drop/\(left) was not taken")
    }
    var entries: [String: [Entry]] = [:]
    for place in lab.places("a").values.joined() {
      guard let entry = try? Entry(parsing: lab.bytes("a", place.room, place.name) ?? []) else { continue }
      entries[entry.header["Name"] ?? "?", default: []].append(entry)
    }
    for _ in entries { lab.see("a file becomes an entry") }
    // Where no lease can be had and the clock jumps, what is still being written may be taken, and is taken again.
    let isSure = lab.machine.strikes[.noLease] == nil || lab.machine.strikes[.clockJump] == nil
    for (name, found) in entries where isSure {
      if found.count > (dropped.again.contains(name) ? 2 : 1) {
        lab.machine.violate("I7: \(name) became \(found.count) entries")
      }
      // A cut leaves of what nobody flushed what it will, and a kill what was written.
      for entry in found where lab.machine.cuts == 0 && dropped.whole.contains(name) {
        if entry.body != Self.text(name) && entry.body != Self.secondText(name) {
          lab.machine.violate("drop/\(name) became \(entry.text)")
        }
      }
    }
    let kept = lab.machine.cuts == 0 ? dropped.whole.union(dropped.safe) : dropped.safe
    for safe in kept.sorted() {
      let name = safe.hasSuffix("!") ? String(safe.dropLast()) : safe
      // What was saved over before anybody took it is gone, as it should be.
      let texts =
        safe == name && dropped.again.contains(name)
        ? [Self.text(name), Self.secondText(name)] : [safe == name ? Self.text(name) : Self.secondText(name)]
      if !(entries[name] ?? []).contains(where: { texts.contains($0.body) }) {
        lab.machine.violate("drop/\(name) is gone: \(safe == name ? "the first text" : "the second")")
      }
    }
  }
}
