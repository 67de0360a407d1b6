import Approvals
import Deliveries
import Roster
import Spool
import Work

/// Requests for approval, over a pager that may repeat and a desk that can tell: who waits for the verdict, those who answer by a
/// file or by a tool, and the tick, which keeps a request's time while nobody waits. There is one verdict, whoever decides it.
struct Approving: Scenario {
  static let name = "an approval"
  static let sights = [
    "a request arrives", "a repeat is marked", "nobody is reached", "it is approved", "it is rejected",
    "nobody answers in time", "an answer is late", "an answer is unclear", "an answer is refused",
    "it is answered before it has arrived",
    "it is answered at the last moment", "an answer is too late by a moment", "it is decided while nobody waits",
  ]
  let lab: Laboratory
  let world = World()
  static let queues = ["approvals", "replies", "deliveries"]

  /// What the outside world knows, whatever becomes of the machine.
  final class World {
    /// The requests, by their keys, as soon as a person may know of them.
    var requests: [String: EntryID] = [:]
    /// What is asked under each key.
    var asked: [String: ApprovalRequest] = [:]
    var spans: [String: Duration] = [:]
    /// When each message arrived, by the clock.
    var got: [String: [(channel: String, isMarked: Bool, time: Timestamp)]] = [:]
    /// What anybody was told of a request.
    var told: [String: Verdict.Word] = [:]
    var answers: [Answer] = []
    /// Who waits for a verdict.
    var waiting: [Process] = []
  }

  init(_ laboratory: Laboratory) { lab = laboratory }

  func setUp() throws {
    let machine = lab.machine
    let spool = try lab.spool("setup")
    for name in Self.queues { _ = try spool.queue(name, making: true) }
    let people = try spool.directory("people")
    try people.replace("me", with: Array("Log: me\n".utf8))
    let channels = try spool.directory("channels")
    try channels.replace("desk.promise", with: Array("Idempotent: yes\nReplaces: yes\n".utf8))
    machine.installed.insert("/spool/channels/desk.promise")
    for channel in ["pager", "desk"] {
      machine.programs["/spool/channels/\(channel)"] = { machine, call in send(machine, call, channel) }
    }
    // Whom the alerts go to is always there.
    machine.programs["/spool/channels/log"] = { machine, _ in machine.exit(0) }
    machine.afterCut = { checkTold() }
  }

  /// Every way in which a channel may end.
  private func send(_ machine: Machine, _ call: Machine.Invocation, _ channel: String) {
    let id = call.environment["DELIVERY_ID"] ?? "?"
    func arrives() {
      machine.act {
        let isMarked = call.environment["DELIVERY_REPEAT"] != nil
        world.got[id, default: []].append((channel, isMarked, machine.clock))
        machine.note("the \(channel) gets \(id)")
        if call.environment["DELIVERY_QUESTION"] != nil { lab.see("a request arrives") }
        if isMarked { lab.see("a repeat is marked") }
      }
    }
    switch machine.dice.roll(16) {
    case 0: return machine.exit(75, Array("retry-after: 2\n".utf8))
    case 1: return machine.exit(69)
    case 2: return machine.exit(1)
    case 3: return machine.exit(74)
    case 4:
      arrives()
      return machine.exit(74)
    case 5:
      machine.sleep(atMost: .seconds(100), watch: nil)
      arrives()
    default: arrives()
    }
    machine.exit(0, Array("message_id=4711\n".utf8))
  }

  func cast(act: Int) {
    let count = 1 + lab.machine.dice.roll(2)
    for number in 0..<count {
      let key = "r\(act)\(number)"
      let request = request(key)
      world.asked[key] = request
      // Of a request for which nobody waits for long the tick keeps the time.
      for _ in 0..<(1 + lab.machine.dice.roll(2)) {
        let runs = 1 + lab.machine.dice.roll(3)
        lab.role("wait-approval", runs: runs) { process in try wait(request, key: key, process) }
      }
      for answerer in 0..<(2 + lab.machine.dice.roll(3)) { castAnswerer(key, "\(number)\(answerer)") }
    }
    // Somebody comes upon an old one, which may have been decided before a power cut, or may still be open.
    if act > 0 { castAnswerer("r\(lab.machine.dice.roll(act))0", "old") }
    lab.role("caller", runs: 4) { _ in stopWaiting() }
    for _ in 0..<2 {
      lab.role("tick", runs: 4) { _ in
        let pause = Duration.milliseconds(lab.machine.dice.roll(3500))
        lab.machine.sleep(atMost: pause, watch: nil)
        try tick()
      }
    }
  }

  private func request(_ key: String) -> ApprovalRequest {
    let addresses = lab.machine.dice.pick([["pager:anna"], ["desk:bert"], ["pager:anna", "desk:bert"]])
    var request = ApprovalRequest(to: addresses.map { Address($0)! }, text: Array("Shall we \(key)?\n".utf8))
    request.subject = "Question \(key)"
    request.timeout = .seconds(1 + lab.machine.dice.roll(3))
    request.confirmWithin = .seconds(2)
    if lab.machine.dice.once(in: 4) { request.remind = .seconds(1) }
    return request
  }

  /// As `wait-approval --key`.
  private func wait(_ request: ApprovalRequest, key: String, _ process: Process) throws {
    let desk = try desk("wait-approval")
    try desk.approvals.sweep()
    try desk.replies.sweep()
    let id = try request.commit(to: desk.spool, key: key)
    lab.accept(id, in: "approvals", body: request.text, key: key)
    lab.machine.act {
      world.requests[key] = id
      world.spans[id.description] = request.timeout
      world.waiting.append(process)
    }
    switch try ApprovalWait(desk, id, request).run({ $0 }) {
    case .decided(let verdict): tell(verdict, of: id)
    case .unheard: lab.see("nobody is reached")
    case .cancelled(let why): lab.machine.violate("\(id) was cancelled by nobody: \(why)")
    case .stopped, .outOfTime: break
    }
  }

  /// Where the clock was set back behind a deadline, those who wait for it do so for as long as their caller lets them.
  private func stopWaiting() {
    for _ in 0..<8 {
      lab.machine.sleep(atMost: .seconds(60), watch: nil)
      for process in world.waiting where !process.isDead && !process.hasEnded { lab.machine.signal(process) }
      world.waiting = []
    }
  }

  func desk(_ tool: String) throws -> Desk {
    try Desk(Courier(spool: try lab.spool(tool), installedChannels: nil, executable: nil))
  }

  /// As `spool tick`, its hourly part each time.
  private func tick() throws {
    try lab.sweep("approvals", "replies", "deliveries")
    let desk = try desk("tick")
    try desk.makeRound()
    _ = try Courier(spool: desk.spool, installedChannels: nil, executable: nil).recover(limit: .seconds(50)) { _ in }
  }

  func finish() {
    // The clock may have been set back behind a deadline.
    for _ in 0..<8 {
      lab.settle(Self.queues) { _ in try tick() }
      if lab.names("approvals", "hold").isEmpty { break }
      lab.machine.pass(86_400_000_000_000)
    }
    // Who comes back with his key is told what all were told.
    lab.settle(Self.queues) { process in
      for (key, request) in world.asked.sorted(by: { $0.key < $1.key }) where world.requests[key] != nil {
        try wait(request, key: key, process)
      }
    }
    lab.checkInvariants(Self.queues)
    checkTold()
    checkAll()
  }
}
