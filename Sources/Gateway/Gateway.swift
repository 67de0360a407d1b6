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
  var watch: Watch?
  let lock: File
  /// Held while new calls are taken up: without it their callers make them.
  let serving: File
  /// What stands in it.
  var notedPort: UInt16??
  let told = Told()
  /// What a person may have changed has to be read again at the next round: nobody can tell whether he has.
  var isUnsure = false
  /// When that was changed last, as far as it shows.
  var lastChanges: [Timestamp?] = []
  var nextRound = Deadline(after: .zero)
  var slotsDue = Deadline(after: .zero)
  var doorDue = Deadline(after: .zero)
  /// We were asked to stop by this signal; until then what runs may go on.
  var draining: (signal: Int32, until: Deadline)?
  var isStopping = false
  private var served: UInt64 = 0

  /// What cannot be worked is left alone for so long: an agent, the slots, the door.
  static let trouble = Duration.seconds(5)

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
    lock = try Self.take(GatewayPresence.lock, spool)
    serving = try Self.take(GatewayPresence.serving, spool)
    Self.allowManyFiles()
    let (notice, told) = (spool.notice, told)
    spool.notice = { if told.isNew($0) { notice($0) } }
  }

  /// A thousand agents are ten thousand directories; a login's soft limit is a thousand.
  private static func allowManyFiles() {
    let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(files, &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(files, &limit)
    Watch.keepPlace()
  }

  private static func take(_ name: String, _ spool: SpoolDirectory) throws(Failure) -> File {
    let file = try spool.directory(GatewayPresence.directory).openOrCreate(name)
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
        try heedEvents()
        try intake()
        for line in lines { try keepingApart(line) { () throws(Failure) in try line.look() } }
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

  /// One agent's trouble, or one user's, stops no other: it is told, and looked at again a little later. A flush that has failed
  /// ends us.
  @discardableResult
  func keepingApart(_ what: String, _ work: () throws(Failure) -> Void) throws(Failure) -> Bool {
    do { try work() } catch {
      if error.isFailedFlush { throw error }
      let words = "\(what): \(error)"
      if told.isNew(words) { say(words) }
      return false
    }
    return true
  }

  func keepingApart(_ line: AgentLine, _ work: () throws(Failure) -> Void) throws(Failure) {
    if try !keepingApart(line.name, work) { line.notBefore = Deadline(after: Self.trouble) }
  }

  /// As many calls as there are slots for.
  private func dispatch() throws(Failure) {
    while let slot = slots.first(where: \.isFree) {
      guard let line = Fairness.next(of: lines, free: slots.count(where: \.isFree), of: slots.count) else { return }
      try keepingApart(line) { () throws(Failure) in
        let call = ResidentCall(agent: line.agent, queue: line.queue, environment: [:], memory: nil)
        line.notBefore = try call.reserve().map { Deadline(after: $0) }
      }
      guard line.notBefore == nil, let next = line.takeFirst() else { continue }
      if slot.begin(next, of: line) {
        served += 1
        line.served = served
        line.running += 1
      } else {
        // Its process has just ended, as the next look at it says.
        return line.putBack(next)
      }
    }
  }

  private func wait() throws(Failure) {
    var polled = slots.flatMap(\.polled) + (door?.polled ?? [])
    var pauses: [Duration] = []
    if let draining {
      pauses = [min(draining.until.remaining, .seconds(30))]
    } else {
      pauses = lines.compactMap(\.pause) + mailboxes.compactMap(\.look.pause) + [nextRound.remaining]
      if slots.count < current.slots { pauses.append(slotsDue.remaining) }
      if current.port != nil && door == nil { pauses.append(doorDue.remaining) }
    }
    // Not held here: there is one watch a process, and a reload makes another.
    switch watch?.wait(atMost: pauses.min(), or: &polled) {
    case nil: try watchAll()
    case .signal(let number):
      // What we wait for may be others now; what they have said is still there then.
      return try heed(number)
    case .gone(let path):
      guard spool.root.isWhereItWas else { throw .removed(path) }
      try forgetQueue(with: path)
    case .look: try attend(polled)
    }
  }

  private func attend(_ polled: [pollfd]) throws(Failure) {
    for (index, slot) in slots.enumerated().reversed() {
      switch slot.attend(polled[index * 3..<index * 3 + 3]) {
      case .nothing: break
      case .done(let call):
        call.line.running -= 1
        call.line.wasDone()
        try settle(call)
      case .busy(let call):
        call.line.running -= 1
        call.line.wasBusy()
      case .failed(let call):
        call.line.running -= 1
        call.line.notBefore = Deadline(after: Self.trouble)
      case .died(let call):
        slots.remove(at: index)
        // With nothing in hand: what ends it may end the next one as well.
        guard let call else {
          if !slot.isLeaving { slotsDue = Deadline(after: Self.trouble) }
          break
        }
        call.line.running -= 1
        call.line.isDirty = true
        // What it was at lies in run/, and nobody holds it, or its program does for a moment: it dies with its maker.
        try keepingApart(call.line) { () throws(Failure) in try call.line.queue.sweep() }
        nextRound = min(nextRound, Deadline(after: .seconds(1)))
        try settle(call)
      }
    }
    if let door, !door.attend(polled.suffix(3)) {
      let words = "the door has ended: it is opened again"
      if draining == nil && told.isNew(words) { say(words) }
      self.door = nil
    }
    if draining == nil { try fillSlots() }
  }

  private func settle(_ call: WorkerSlot.Call) throws(Failure) {
    guard let id = try? EntryName(call.fileName).id else { return }
    for mailbox in mailboxes where mailbox.line === call.line {
      try keepingApart(mailbox.user.name) { () throws(Failure) in try mailbox.settle(id) }
    }
  }
}
