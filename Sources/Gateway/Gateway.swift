import Calls
import Glibc
import Roster
import Spool
import Work

/// The resident worker of all `calls-AGENT/`: one process that shares its slots fairly over agents, and in each slot a process
/// that makes one call at a time. Nothing is kept in memory that the directories do not say: killed at any moment, the next one goes
/// on from them, and while there is none the callers make their calls themselves.
///
/// One thread, one wait.
public final class Gateway {
  let spool: SpoolDirectory
  let settings: () throws(Failure) -> GatewaySettings
  /// How a slot is started, and a door.
  let commands: GatewayCommands
  let say: (String) -> Void
  var current: GatewaySettings
  var lines: [AgentLine] = []
  var mailboxes: [Mailbox] = []
  var slots: [WorkerSlot] = []
  var door: DoorProcess?
  private let lock: File
  private var watch: Watch?
  private var served: UInt64 = 0
  private var nextRound = Deadline(after: .zero)
  private var dropDue: Deadline?
  private var doorDue = Deadline(after: .zero)
  /// We were asked to stop by this signal; until then what runs may go on.
  private var draining: (signal: Int32, until: Deadline)?
  private var isStopping = false

  /// All is put in order at least so often, whether events say so or not.
  private static let round = Duration.seconds(30)
  /// An agent whose calls cannot even be begun is left alone for so long; a door that has ended, too.
  private static let trouble = Duration.seconds(5)
  /// After it was told to stop, a slot has this long to end its program and to hand its call back.
  private static let handingBack = Duration.seconds(10)

  /// - Parameter settings: read at the start and at each SIGHUP.
  /// - Throws: `.tryAgain` where another gateway is at work.
  public init(
    _ spool: SpoolDirectory, commands: GatewayCommands, say: @escaping (String) -> Void,
    settings: @escaping () throws(Failure) -> GatewaySettings
  ) throws(Failure) {
    Signals.catchThem()
    self.spool = spool
    self.settings = settings
    self.commands = commands
    self.say = say
    current = try settings()
    lock = try Self.takeLock(spool)
  }

  private static func takeLock(_ spool: SpoolDirectory) throws(Failure) -> File {
    let file = try spool.directory(GatewayPresence.directory).openOrCreate(GatewayPresence.lock)
    // A caller that looks whether we are here has it for a moment.
    let patience = Deadline(after: .seconds(1))
    while try !file.tryLock() {
      if patience.hasPassed {
        throw Failure(.tryAgain, "\(spool.path)/gateway", "another gateway is at work", do: "stop that one first")
      }
      Signals.wait(atMost: .milliseconds(20))
    }
    return file
  }

  /// Runs until a signal asks it to stop; what is being made then is finished, or handed back when `current.drain` is over.
  /// - Returns: the signal.
  public func run() throws(Failure) -> Int32 {
    let pulse = try Pulse("gateway", in: spool)
    try load()
    say("started: \(current.slots) slots, \(lines.count) agents")
    while true {
      pulse.beat()
      if draining == nil {
        try intake()
        try lookAtAll()
        try dispatch()
      }
      if let ended = try drained() {
        // What ends in any other way is missed.
        pulse.end()
        return ended
      }
      try wait()
    }
  }

  /// Reads what a person may have changed. What cannot be read is said, and what was known goes on.
  private func load() throws(Failure) {
    var known = Dictionary(uniqueKeysWithValues: lines.map { ($0.name, $0) })
    lines = []
    for fileName in try spool.directory("agents").names().sorted()
    where fileName.hasSuffix(".md") && !fileName.hasPrefix(".") {
      let name = String(fileName.dropLast(3))
      let old = known.removeValue(forKey: name)
      do {
        let agent = try Agent(named: name, in: spool)
        let queue = try spool.queue("calls-\(name)", making: true)
        let line = old ?? AgentLine(agent, queue)
        line.agent = agent
        line.isDirty = true
        lines.append(line)
      } catch {
        guard [.configuration, .usage, .unavailable].contains(error.status) else { throw error }
        say("\(error)")
        if let old { lines.append(old) }
      }
    }
    // Whose file is gone is called no more; what is being made ends.
    for line in known.values where line.running > 0 { lines.append(line) }
    mailboxes = []
    for user in try GatewayUser.all(in: spool) {
      for line in lines where user.agents.contains(line.name) {
        do { mailboxes.append(try Mailbox(user, line.queue)) } catch {
          say("\(user.name): \(error)")
        }
      }
    }
    try lock.truncate(to: 0)
    try lock.seek(to: 0)
    let port = current.port.map(String.init)
    try lock.write(
      Header(["Pid": String(SpoolDirectory.processID), "Slots": String(current.slots), "Port": port]).bytes.dropLast()
    )
    try watchAll()
    try fillSlots()
    nextRound = Deadline(after: .zero)
  }

  /// One watch a process: the old one goes first.
  private func watchAll() throws(Failure) {
    var directories = [try spool.directory("agents"), try GatewayUser.directory(in: spool)]
    for line in lines {
      for room in [Room.new, .wait, .drop] { directories.append(try line.queue[room]) }
    }
    watch = nil
    watch = Watch(directories + mailboxes.map(\.drop), notice: spool.notice)
    for line in lines { line.isDirty = true }
  }

  /// What people and other users have put into drops; and, now and then, what is left behind.
  private func intake() throws(Failure) {
    let isRound = nextRound.hasPassed
    if isRound {
      nextRound = Deadline(after: Self.round)
      for line in lines {
        try line.queue.sweep()
        line.isDirty = true
      }
    }
    guard isRound || watch?.hasFired != false || dropDue?.hasPassed == true else { return }
    watch?.hasFired = false
    for line in lines { line.isDirty = true }
    var pause: Duration?
    func look(_ what: String, _ take: () throws(Failure) -> Duration?) throws(Failure) {
      do { if let next = try take() { pause = min(pause ?? next, next) } } catch {
        if error.isFailedFlush { throw error }
        say("\(what): \(error)")
        pause = min(pause ?? .seconds(60), .seconds(60))
      }
    }
    for line in lines {
      try look("\(line.queue.name)/drop") { () throws(Failure) in try line.queue.takeDrops().lookAgain }
    }
    for mailbox in mailboxes {
      try look("\(mailbox.queue.name)/drop-\(mailbox.user.name)") { () throws(Failure) in
        let next = try mailbox.take()
        try mailbox.settle()
        return next
      }
    }
    dropDue = pause.map { Deadline(after: $0) }
  }

  private func lookAtAll() throws(Failure) {
    for line in lines {
      if line.notBefore?.hasPassed == true { line.notBefore = nil }
      try line.look()
    }
  }

  /// As many calls as there are slots for.
  private func dispatch() throws(Failure) {
    while let slot = slots.first(where: { $0.line == nil }) {
      let free = slots.count { $0.line == nil }
      guard let line = Fairness.next(of: lines, free: free, of: slots.count) else { return }
      let call = ResidentCall(agent: line.agent, queue: line.queue, environment: [:], memory: nil)
      if let pause = try call.reserve() {
        line.notBefore = Deadline(after: pause)
        continue
      }
      guard let next = line.takeFirst() else { continue }
      if slot.begin(next, of: line) {
        served += 1
        line.served = served
        line.running += 1
      } else {
        line.putBack(next)
        return
      }
    }
  }

  private func fillSlots() throws(Failure) {
    while slots.count < current.slots { slots.append(try WorkerSlot(commands.worker, notice: commands.onWords)) }
    // Fewer than before: those that are free go, others when they are.
    while slots.count > current.slots, let free = slots.firstIndex(where: { $0.line == nil }) {
      slots.remove(at: free).stop(SIGTERM)
    }
    if door?.port != current.port { door = nil }
    if let port = current.port, door == nil, doorDue.hasPassed {
      doorDue = Deadline(after: Self.trouble)
      door = try DoorProcess(port, commands.door(port), onWords: commands.onWords)
    }
  }

  private func wait() throws(Failure) {
    var polled = slots.flatMap(\.polled) + (door?.polled ?? [])
    var pauses = lines.compactMap(\.pause) + [nextRound.remaining]
    if let dropDue { pauses.append(dropDue.remaining) }
    if current.port != nil && door == nil { pauses.append(doorDue.remaining) }
    if let draining { pauses = [draining.until.remaining] }
    // Not held here: there is one watch a process, and a reload makes another.
    switch watch?.wait(atMost: pauses.min(), or: &polled) {
    case nil: try watchAll()
    case .signal(let number):
      // What we wait for may be others now; what they have said is still there then.
      return try heed(number)
    case .gone(let path):
      guard try spool.root.isWhereItWas else { throw .removed(path) }
      try load()
    case .look: try attend(polled)
    }
  }

  private func attend(_ polled: [pollfd]) throws(Failure) {
    var start = 0
    var settled: Set<String> = []
    for (index, slot) in slots.enumerated().reversed() {
      start = index * 3
      switch slot.attend(polled[start..<start + 3]) {
      case .nothing: break
      case .done(let line):
        line.running -= 1
      case .failed(let line):
        line.running -= 1
        line.notBefore = Deadline(after: Self.trouble)
        settled.insert(line.name)
      case .died(let line):
        slots.remove(at: index)
        line?.running -= 1
        // What it was at lies in run/, and nobody holds it.
        if let line {
          try line.queue.sweep()
          line.isDirty = true
          settled.insert(line.name)
        }
      }
    }
    for mailbox in mailboxes where settled.contains(String(mailbox.queue.name.dropFirst("calls-".count))) {
      try mailbox.settle()
    }
    if let door, !door.attend(polled.suffix(3)) {
      say("the door has ended: it is opened again")
      self.door = nil
    }
    if draining == nil { try fillSlots() }
  }

  private func heed(_ number: Int32) throws(Failure) {
    if number == SIGHUP {
      do { current = try settings() } catch {
        guard error.status == .configuration else { throw error }
        return say("\(error): what was known goes on")
      }
      try load()
      return say("reloaded: \(current.slots) slots, \(lines.count) agents")
    }
    let isSecond = draining != nil
    let time = isSecond ? .zero : current.drain
    if !isSecond { say("stopping: what is being made has \(time.spoken)") }
    draining = (number, Deadline(after: time))
    door?.stop(number)
  }

  /// - Returns: the signal that has ended us, once nothing is left.
  private func drained() throws(Failure) -> Int32? {
    guard let draining else { return nil }
    if slots.allSatisfy({ $0.line == nil }) || isStopping && draining.until.hasPassed {
      for mailbox in mailboxes { try mailbox.settle() }
      return draining.signal
    }
    if draining.until.hasPassed {
      isStopping = true
      for slot in slots where slot.line != nil { slot.stop(SIGTERM) }
      self.draining = (draining.signal, Deadline(after: Self.handingBack))
    }
    return nil
  }
}
