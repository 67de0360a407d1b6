import Deliveries
import Roster
import Spool
import Work

/// Messages over a channel that may repeat (a pager, with a pace), one that tells repeats apart by the ID (a desk, at which some
/// must come in order), and a file; sent at once by who writes them, and by a courier who goes on with what was left.
struct Delivering: Scenario {
  static let name = "delivering"
  static let sights = [
    "the pager gets one", "the desk gets one", "the file gets one", "a repeat is marked", "one is held",
    "one is given up", "the pager says when", "one goes on to the next address", "one comes after the one before it",
  ]
  let lab: Laboratory
  private let world = World()

  /// What the outside world has got.
  private final class World {
    var got: [String: [(channel: String, isMarked: Bool)]] = [:]
    var policies: [String: Delivery.DoubtPolicy] = [:]
    /// What `deliver` has exited with, as the room that says the same.
    var told: [String: String] = [:]
    /// Of those that must come in order: which were accepted before each was written.
    var before: [String: [String]] = [:]
    var ordered: [String] = []
    /// Whose message the pager has in hand: a chat takes one at a time.
    var inHand: Process?
  }

  init(_ laboratory: Laboratory) { lab = laboratory }

  func setUp() throws {
    let machine = lab.machine
    _ = try machine.disk.make(.directory, "home", in: machine.disk.root, mode: 0o755, time: machine.clock)
    let spool = try lab.spool("setup")
    _ = try spool.queue("deliveries", making: true)
    let channels = try spool.directory("channels")
    try channels.replace("pager.promise", with: Array("Pace: 5/s\n".utf8))
    try channels.sync()
    try spool.root.sync()
    machine.installed.insert("/spool/channels/pager.promise")
    machine.programs["/spool/channels/pager"] = { machine, call in send(machine, call, "pager") }
    machine.programs["/spool/channels/desk"] = { machine, call in send(machine, call, "desk") }
    machine.installed.insert("/spool/channels/desk.idempotent")
    machine.programs["/bin/spindle"] = { machine, call in append(machine, call) }
  }

  /// Every way in which a channel may end.
  private func send(_ machine: Machine, _ call: Machine.Invocation, _ channel: String) {
    let id = call.environment["DELIVERY_ID"] ?? "?"
    machine.act { begins(machine, call.process, id, channel) }
    defer { machine.act { if world.inHand === call.process { world.inHand = nil } } }
    func arrives() {
      machine.act {
        world.got[id, default: []].append((channel, call.environment["DELIVERY_REPEAT"] != nil))
        machine.note("the \(channel) gets \(id)")
        lab.see("the \(channel) gets one")
        if call.environment["DELIVERY_REPEAT"] != nil { lab.see("a repeat is marked") }
      }
    }
    let ending = machine.dice.roll(14)
    switch ending {
    case 0:
      if channel == "desk" { return machine.exit(75) }
      machine.act { lab.see("the pager says when") }
      return machine.exit(75, Array("retry-after: 2\n".utf8))
    case 1: return machine.exit(69)
    case 2: return machine.exit(1)
    case 3, 4:
      if ending == 3 { arrives() }
      return machine.exit(74)
    case 5:
      machine.sleep(atMost: .seconds(100), watch: nil)
      arrives()
    default: arrives()
    }
    machine.exit(0, Array("message 4711\n".utf8))
  }

  /// One at a time where there is a pace; in order where that was asked for.
  private func begins(_ machine: Machine, _ process: Process, _ id: String, _ channel: String) {
    if channel == "pager" {
      if let other = world.inHand, other !== process, !other.isDead, !other.hasEnded {
        machine.violate("two messages at once to the pager: \(other.label) and \(process.label)")
      }
      world.inHand = process
    }
    for earlier in world.before[id] ?? [] {
      lab.see("one comes after the one before it")
      let rooms = (lab.places("deliveries")[earlier] ?? []).map(\.room)
      if let room = rooms.first(where: { ["new", "run", "wait", "hold"].contains($0) }) {
        machine.violate("\(id) is sent while \(earlier), which is to come before it, lies in \(room)/")
      }
    }
  }

  private func append(_ machine: Machine, _ call: Machine.Invocation) {
    guard let id = call.environment["DELIVERY_ID"].flatMap({ try? EntryID($0) }) else { return }
    do {
      let channel = FileChannel(
        path: "/home/inbox", id: id, subject: call.environment["DELIVERY_SUBJECT"], text: call.input,
        isRepeat: call.environment["DELIVERY_REPEAT"] != nil)
      machine.exit(0, Array(try channel.append().utf8))
    } catch { machine.exit(error.status.rawValue) }
  }

  func cast(act: Int) {
    let addresses = ["pager:anna", "desk:anna", "file:/home/inbox", "desk:anna", "pager:anna,file:/home/inbox"]
    for number in 0..<(3 + lab.machine.dice.roll(2)) {
      let address = lab.machine.dice.pick(addresses)
      let policy = lab.machine.dice.pick(Delivery.DoubtPolicy.allCases)
      let key = lab.machine.dice.once(in: 2) ? "m\(act)\(number)" : nil
      lab.role("deliver", runs: key == nil ? 1 : 3) { _ in
        try deliver("\(act) \(number)", to: address, policy, key: key)
      }
    }
    let stays = lab.machine.dice.once(in: 3)
    lab.role("courier", runs: 3) { _ in if stays { _ = try courier("deliver").watch() } else { try recover() } }
    lab.role("tick", runs: 3) { _ in try recover() }
  }

  private func courier(_ tool: String) throws -> Courier {
    Courier(spool: try lab.spool(tool), installedChannels: nil, executable: "/bin/spindle")
  }

  /// As `deliver --to`.
  private func deliver(_ number: String, to address: String, _ policy: Delivery.DoubtPolicy, key: String?) throws {
    let courier = try courier("deliver")
    let text = Array("message \(number)\n".utf8)
    var delivery = Delivery(to: address.split(separator: ",").map { Address($0)! }, text: text)
    delivery.doubtPolicy = policy
    delivery.isOrdered = address == "desk:anna" && number.hasSuffix("1")
    let earlier = world.ordered
    let queue = try courier.queue()
    try queue.sweep()
    let id = try delivery.commit(to: courier.spool, key: key).id
    lab.accept(id, in: "deliveries", body: text, key: key)
    if delivery.isOrdered {
      lab.machine.act {
        // What a clock that was set back has made the older one.
        if world.before[id.description] == nil { world.before[id.description] = earlier.filter { $0 < id.description } }
        world.ordered.append(id.description)
      }
    }
    _ = try courier.send(id, patience: .seconds(2))
    guard let room = try queue.locateDurably(id)?.room, [.done, .fail, .hold].contains(room) else { return }
    lab.machine.act { world.told[id.description] = room.rawValue }
  }

  private func recover() throws { _ = try courier("tick").recover { _ in } }

  func finish() {
    lab.settle(["deliveries"]) { _ in
      try lab.sweep("deliveries")
      try recover()
    }
    lab.checkInvariants(["deliveries"])
    let inbox = String(
      decoding: lab.machine.disk.root.children["home"]?.children["inbox"]?.content ?? [], as: UTF8.self)
    for (id, found) in lab.places("deliveries") {
      guard let (room, name) = found.first else { continue }
      guard let entry = try? Entry(parsing: lab.bytes("deliveries", room, name) ?? []) else { continue }
      check(id, entry, room: room, inbox: inbox)
    }
  }

  /// I5: what may have happened is never repeated unmarked; done means that it happened, once where the channel can tell.
  private func check(_ id: String, _ entry: Entry, room: String, inbox: String) {
    let got = world.got[id] ?? []
    if let told = world.told[id], told != room {
      lab.machine.violate("I4: \(id): its sender was told \(told), and it lies in \(room)")
    }
    if room == "hold" { lab.see("one is held") }
    if room == "fail" { lab.see("one is given up") }
    let receipt = lab.bytes("deliveries", "re", id)
    if room == "done" && receipt == nil { lab.machine.violate("I5: deliveries/done/\(id) has no receipt") }
    let arrived = receipt.flatMap { try? Entry(parsing: $0) }?.header["Channel"]
    if arrived == "file", entry.header["To"]?.hasPrefix("pager") == true { lab.see("one goes on to the next address") }
    switch arrived ?? entry.header["To"]?.split(separator: ":").first.map(String.init) {
    case "file":
      let records = inbox.split(separator: "\n").filter { $0.hasPrefix("=== \(id)") }.count
      let whole = inbox.split(separator: "=== ").filter { $0.hasPrefix(id) && $0.contains(entry.text) }.count
      if room == "done" { lab.see("the file gets one") }
      // What a cut has torn, and has another record behind it by now, stays.
      if room == "done" && (whole != 1 || records > 1 && lab.machine.cuts == 0) {
        lab.machine.violate("I5: \(id) is done, and the file has it \(whole) times whole, \(records) times begun")
      }
      if whole > 1 { lab.machine.violate("I5: the file has \(id) \(whole) times") }
    case "desk": if room == "done" && got.isEmpty { lab.machine.violate("I5: \(id) is done, and the desk got nothing") }
    default:
      if room == "done" && got.isEmpty { lab.machine.violate("I5: \(id) is done, and nobody got it") }
      if got.dropFirst().contains(where: { !$0.isMarked }) {
        lab.machine.violate("I5: \(id) was sent again without a mark: \(got.map(\.isMarked))")
      }
      if entry.header["In-Doubt"] != "resend" && got.count > 1 {
        lab.machine.violate(
          "I5: \(id) was sent \(got.count) times, though --in-doubt \(entry.header["In-Doubt"] ?? "")")
      }
    }
  }
}
