import Spool
import Work

/// Entries and dropped files that something has spoilt: made from valid ones by a few changes, laid into `new/` and `drop/`, and
/// worked off. Nothing may crash, and the bytes of each must lie somewhere afterwards: read, expired, or in `bad/`.
struct Fuzz {
  private let lab: Laboratory
  private var machine: Machine { lab.machine }
  private var laid: [(bytes: [UInt8], dropName: String?)] = []
  private(set) var pastFirstLine = 0

  /// So many in one spool.
  static let batch = 100
  private static let firstLine = Array("Spool: 1\n".utf8)

  init(_ laboratory: Laboratory) { lab = laboratory }

  mutating func run() throws {
    let spool = try lab.spool("setup")
    let queue = try spool.queue("a", making: true)
    for number in 0..<Self.batch { try lay(number, in: queue) }
    // Twice: what was dropped lies in new/ after the first.
    for _ in 0..<2 {
      try queue.sweep()
      _ = try Worker(queue: queue, attempts: 5).run(once: true) { claim throws(Failure) in
        try claim.finish([Product(.response, body: claim.entry.body)])
        return .goOn
      }
    }
    check()
  }

  // MARK: Making

  private mutating func lay(_ number: Int, in queue: Queue) throws {
    let digits = String(number + 100_000)
    let id = "20260101T000000.\(digits)Z-bcd0\(digits.suffix(2))" + (machine.dice.once(in: 2) ? "-note" : "")
    let isDropped = machine.dice.once(in: 2)
    let bytes = spoilt(valid(id, isDropped: isDropped))
    let name = isDropped ? "file \(number).txt" : machine.dice.once(in: 4) ? spoilt(name: id) : id
    guard let room = lab.directory("a", isDropped ? "drop" : "new"), room.children[name] == nil else { return }
    let inode = try machine.disk.make(.file, name, in: room, mode: 0o600, time: machine.clock)
    inode.content = bytes
    laid.append((bytes, isDropped ? name : nil))
    if bytes.starts(with: Self.firstLine) { pastFirstLine += 1 }
  }

  private func valid(_ id: String, isDropped: Bool) -> [UInt8] {
    let body = Array("a body of a few words\nand \(machine.dice.roll(1000)) more\n".utf8)
    var header = "Spool: 1\n"
    if !isDropped || machine.dice.once(in: 2) { header += "Id: \(id)\n" }
    if machine.dice.once(in: 2) { header += "From: somebody\nTo: b\n" }
    if machine.dice.once(in: 2) { header += "Created: 2026-01-01T00:00:00.000000Z\n" }
    if machine.dice.once(in: 4) { header += "Expires: 2030-01-01T00:00:00Z\n" }
    if machine.dice.once(in: 2) { header += "Length: \(body.count)\n" }
    if machine.dice.once(in: 2) { header += "Sha256: \(sha256(body))\n" }
    if machine.dice.once(in: 4) { header += "Key: k\(machine.dice.roll(10))\nX-Unknown: kept\n" }
    return Array((header + "\n").utf8) + body
  }

  private func spoilt(_ valid: [UInt8]) -> [UInt8] {
    var bytes = valid
    for _ in 0..<machine.dice.roll(4) {
      // Mostly behind the first line, so that what reads on is reached.
      let first = machine.dice.roll(5) == 0 ? 0 : min(Self.firstLine.count, bytes.count)
      bytes = Array(bytes[..<first]) + changed(Array(bytes[first...]))
    }
    return bytes
  }

  private func changed(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    let place = machine.dice.roll(bytes.count + 1)
    let end = min(bytes.count, place + machine.dice.roll(40))
    var lines = bytes.split(separator: 10, omittingEmptySubsequences: false).map(Array.init)
    let line = machine.dice.roll(max(lines.count, 1))
    switch machine.dice.roll(13) {
    case 0: if place < bytes.count { bytes[place] ^= UInt8(1 << machine.dice.roll(8)) }
    case 1: bytes.removeSubrange(place..<end)
    case 2: bytes.insert(contentsOf: bytes[place..<end], at: place)
    case 3: bytes.insert(contentsOf: (0..<machine.dice.roll(20)).map { _ in UInt8(machine.dice.roll(256)) }, at: place)
    case 4: bytes.removeLast(bytes.count - place)
    case 5 where !lines.isEmpty: lines.remove(at: line)
    case 6 where !lines.isEmpty: lines.insert(lines[line], at: machine.dice.roll(lines.count))
    case 7 where !lines.isEmpty: lines.swapAt(line, machine.dice.roll(lines.count))
    case 8: bytes.insert(contentsOf: [13, 10], at: place)
    case 9: bytes.insert(contentsOf: [0xEF, 0xBB, 0xBF], at: place)
    case 10: bytes.insert(contentsOf: Array("9223372036854775808".utf8), at: place)
    case 11:
      if machine.dice.once(in: 20) { bytes.insert(contentsOf: [UInt8](repeating: 120, count: 70_000), at: place) }
    default: bytes.insert(machine.dice.pick([0, 10, 58, 32, 255]), at: place)
    }
    let rejoined = Array(lines.joined(separator: [10]))
    return rejoined.count != bytes.count && lines.count > 1 && machine.dice.once(in: 2) ? rejoined : bytes
  }

  private func spoilt(name: String) -> String {
    let endings = [
      ",1", ",0d", ",7d", ",01", ",-1", ",99999999999999999999", "@host.1", ",2@host.99", "@.", ".1.2", ".0", "~", " ",
    ]
    switch machine.dice.roll(3) {
    case 0: return name + machine.dice.pick(endings)
    case 1: return String(name.dropLast(machine.dice.roll(name.count)))
    default:
      var letters = Array(name)
      letters[machine.dice.roll(letters.count)] = machine.dice.pick(["x", "9", "-", "é", "\u{7}", ","])
      return String(letters)
    }
  }

  // MARK: Checking

  /// Counts what went in against what lies there: as it was, or, dropped and understood, as the body of an entry.
  private func check() {
    var whole: [[UInt8]: Int] = [:]
    var byName: [String: [UInt8]] = [:]
    for room in ["new", "run", "wait", "hold", "done", "fail", "bad", "drop"] {
      for name in lab.names("a", room) {
        let bytes = lab.bytes("a", room, name) ?? []
        whole[bytes, default: 0] += 1
        if let entry = try? Entry(parsing: bytes), let dropped = entry.header["Name"] { byName[dropped] = entry.body }
      }
    }
    for (bytes, dropName) in laid {
      if let count = whole[bytes], count > 0 {
        whole[bytes] = count - 1
      } else if let dropName, let body = byName[dropName] {
        let isHeaded = bytes.starts(with: Self.firstLine)
        if isHeaded ? !bytes.ends(with: body) : bytes != body {
          machine.violate("fuzz: \(dropName) lost some of its bytes")
        }
      } else {
        machine.violate("fuzz: lost: \(String(decoding: bytes.prefix(300), as: UTF8.self).printable)")
      }
    }
    for room in ["run", "new"] where !lab.names("a", room).isEmpty {
      machine.violate("fuzz: still in \(room)/: \(lab.names("a", room))")
    }
  }

  var count: Int { laid.count }
}

extension [UInt8] {
  fileprivate func ends(with other: [UInt8]) -> Bool {
    count >= other.count && self[(count - other.count)...] == other[...]
  }
}

/// One batch, wholly determined by its seed.
func spoil(seed: UInt64, trace: ((String) -> Void)? = nil) -> (outcome: Outcome, inputs: Int, pastFirstLine: Int) {
  let machine = Machine(seed: seed)
  machine.trace = trace
  Kernel.standIn = machine
  defer {
    Kernel.standIn = nil
    machine.disk.dismantle()
  }
  var fuzz = Fuzz(Laboratory(machine))
  do { try fuzz.run() } catch { machine.violate("fuzz: \(error)") }
  return (
    Outcome(scenario: "fuzz", violations: machine.violations, stateChanges: machine.stateChanges), fuzz.count,
    fuzz.pastFirstLine
  )
}
