import Spool
import Work

/// What every scenario stands on: a spool on a simulated machine, its processes, and what the outside world saw.
final class Laboratory {
  let machine: Machine
  /// IDs that were printed with exit 0: from then on they may never be lost.
  private(set) var accepted: [(queue: String, id: EntryID, body: [UInt8])] = []
  /// The key that each was accepted under.
  private(set) var keyed: [String: EntryID] = [:]
  private var roles: [Role] = []
  private var running: [ObjectIdentifier: Role] = [:]
  private(set) var processCount = 0
  /// How often each sight of the story was seen.
  private(set) var seen: [String: Int] = [:]

  /// Something that is started, and started again by cron or by its user when it was killed.
  final class Role {
    let name: String
    let body: (Process) throws -> Void
    /// So often, while things still go wrong.
    var runs: Int
    init(_ name: String, runs: Int, _ body: @escaping (Process) throws -> Void) {
      self.name = name
      self.runs = runs
      self.body = body
    }
  }

  init(_ machine: Machine) { self.machine = machine }

  /// Lets everybody go: roles and programs hold the laboratory, and it holds them.
  func dismantle() {
    roles = []
    running = [:]
    machine.dismantle()
  }

  /// As each tool opens it.
  func spool(_ tool: String) throws -> SpoolDirectory {
    try SpoolDirectory(path: "/spool", tool: tool) { [machine] line in machine.note("says: \(line)") }
  }

  /// As `spool sweep QUEUE...`.
  func sweep(_ queues: String..., making: Bool = false) throws {
    let spool = try spool("sweep")
    for name in queues {
      let queue = try spool.queue(name, making: making)
      if let trouble = try queue.sweep() { throw trouble }
      try queue.sweepKeys()
    }
  }

  func role(_ name: String, runs: Int = 1, _ body: @escaping (Process) throws -> Void) {
    roles.append(Role(name, runs: runs, body))
  }

  /// The tool prints the ID and exits 0.
  func accept(_ id: EntryID, in queue: String, body: [UInt8], key: String? = nil) {
    machine.act {
      accepted.append((queue, id, body))
      guard let key else { return }
      if let first = keyed[key], first != id { machine.violate("I7: key \(key) gave \(first), then \(id)") }
      keyed[key] = id
    }
  }

  /// What was accepted has been kept for as long as was promised.
  func forgetAccepted() {
    accepted = []
    keyed = [:]
  }

  func see(_ sight: String) { seen[sight, default: 0] += 1 }

  /// Runs all roles at once, with what is planned.
  func run(_ plan: Plan, _ cast: () -> Void) {
    machine.endFaults()
    machine.plan = plan.from(machine.steps)
    roles = []
    cast()
    for role in roles { start(role) }
    machine.run { [self] process in
      guard let role = running.removeValue(forKey: ObjectIdentifier(process)) else { return }
      if role.runs > 0 { start(role) }
    }
  }

  private func start(_ role: Role) {
    role.runs -= 1
    processCount += 1
    let process = machine.start(role.name) { [machine] process in
      do { try role.body(process) } catch { machine.note("\(process.label) ends: \(error)") }
    }
    running[ObjectIdentifier(process)] = role
  }

  /// Nothing goes wrong any more: what would run by cron runs, until all is quiet.
  func settle(_ queues: [String], _ round: @escaping (Process) throws -> Void) {
    machine.endFaults()
    // Backoff ends at an hour; a clock that was set back makes what expires wait for days.
    for number in 0..<24 {
      machine.note("SETTLE")
      machine.start("settle") { [machine] process in
        do { try round(process) } catch { machine.violate("settling: \(error)") }
      }
      machine.run()
      if unrest(queues).isEmpty { return }
      machine.pass(number < 12 ? 7_200_000_000_000 : 43_200_000_000_000)
    }
    machine.violate("not quiet: " + unrest(queues).joined(separator: " "))
  }

  private func unrest(_ queues: [String]) -> [String] {
    queues.flatMap { queue in
      // What is hidden in drop/ is somebody's who still writes, or has died over it.
      ["new", "run", "wait", "out", "drop"].flatMap { room in
        names(queue, room).filter { room != "drop" || !$0.hasPrefix(".") || $0.hasPrefix(".take-") }
          .map { "\(queue)/\(room)/\($0)" }
      }
    }
  }

  // MARK: What lies there, read past the library

  func directory(_ queue: String, _ room: String) -> Inode? {
    let queue = machine.disk.root.children["spool"]?.children[queue]
    return room.isEmpty ? queue : queue?.children[room]
  }

  func names(_ queue: String, _ room: String) -> [String] { (directory(queue, room)?.children.keys.sorted()) ?? [] }

  func bytes(_ queue: String, _ room: String, _ name: String) -> [UInt8]? {
    directory(queue, room)?.children[name]?.content
  }

  /// Where each ID lies: once, if all is well.
  func places(_ queue: String) -> [String: [(room: String, name: String)]] {
    var found: [String: [(room: String, name: String)]] = [:]
    for room in ["new", "run", "wait", "hold", "done", "fail", "bad"] {
      for name in names(queue, room) {
        found[String(name.prefix { $0 != "," && $0 != "@" }), default: []].append((room, name))
      }
    }
    return found
  }
}
