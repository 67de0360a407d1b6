import Glibc
import Spool
import SystemPackage

/// People put files into `drop/`, in whichever way their program writes; two tools take them at once.
struct Dropping: Scenario {
  static let name = "dropping"
  static let sights = ["a file becomes an entry"]
  let lab: Laboratory
  private let dropped = Dropped()

  private final class Dropped {
    /// Whole, closed, and flushed by who wrote it: it may not be lost.
    var safe: Set<String> = []
    /// Whole and closed.
    var whole: Set<String> = []
  }

  init(_ laboratory: Laboratory) { lab = laboratory }

  func setUp() throws { _ = try lab.spool("setup").queue("a", making: true) }

  func cast(act: Int) {
    for number in 0..<(4 + lab.machine.dice.roll(3)) {
      let (moves, flushes) = (lab.machine.dice.once(in: 2), lab.machine.dice.roll(3) > 0)
      lab.role("person") { _ in try drop("note\(act)\(number).txt", moves: moves, flushes: flushes) }
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

  private func take() throws { _ = try lab.spool("spool").queue("a").takeDrops() }

  func finish() {
    lab.settle([]) { _ in
      try lab.sweep("a")
      try take()
    }
    lab.checkInvariants(["a"])
    if let left = lab.names("a", "drop").first(where: { !$0.hasSuffix(".tmp") }) {
      lab.machine.violate("drop/\(left) was not taken")
    }
    var entries: [String: [Entry]] = [:]
    for place in lab.places("a").values.joined() {
      guard let entry = try? Entry(parsing: lab.bytes("a", place.room, place.name) ?? []) else { continue }
      entries[entry.header["Name"] ?? "?", default: []].append(entry)
    }
    for _ in entries { lab.see("a file becomes an entry") }
    for (name, found) in entries where found.count > 1 {
      lab.machine.violate("I7: \(name) became \(found.count) entries")
    }
    let kept = lab.machine.cuts == 0 ? dropped.whole : dropped.safe
    for name in kept.sorted() {
      guard let entry = entries[name]?.first else {
        lab.machine.violate("drop/\(name) is gone")
        continue
      }
      if entry.body != Self.text(name) { lab.machine.violate("drop/\(name) became \(entry.text)") }
    }
  }
}
