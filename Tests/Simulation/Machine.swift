import Coroutine
import Spool
import SystemPackage

/// A simulated machine: a disk, a clock, and processes that take turns at their system calls, all by one seed.
final class Machine {
  var dice: Dice
  let disk: Disk
  var plan = Plan()
  private(set) var processes: [Process] = []
  private(set) var current: Process
  /// Programs that commands lead to, and the names that exist beside them.
  var programs: [String: Program] = [:]
  var installed: Set<String> = []

  private(set) var steps = 0
  private(set) var strikes: [Fault: Int] = [:]
  /// Renames, links and removals that happened.
  var stateChanges = 0
  var cuts = 0
  /// SIGTERMs that were sent, by a fault or by the story.
  private(set) var signalled = 0
  /// Files that lie on no disk.
  var memoryFiles: [Inode] = []
  /// What must hold as soon as the power is back.
  var afterCut: () -> Void = {}
  /// Told of each file that takes its name whatever had it before: its path and its content.
  var onReplace: ((String, [UInt8]) -> Void)?
  private(set) var violations: [String] = []
  /// Gets each system call in words.
  var trace: ((String) -> Void)?

  private(set) var time: Int64 = 0
  private var clockOffset = 1_795_000_000_000_000_000  // in November 2026
  /// Faults that wait for a call that they fit, and how many calls in a row each hits.
  private var armed: [(fault: Fault, left: Int)] = []
  private var slice = 1
  private var lastID: Int32 = 100
  private var shutdown: Int64 = 0
  /// 3 h: above every time-out of the scenarios.
  private static let longestRun: Int64 = 10_800_000_000_000
  /// While a scenario is being set up nobody yields, and nothing strikes.
  private var isScheduling = false
  /// Calls of one run; more means that something spins.
  private static let stepLimit = 60_000

  typealias Program = (Machine, Invocation) -> Void

  /// How a program was started.
  struct Invocation {
    var process: Process
    var arguments: [String]
    var environment: [String: String]
    var input: [UInt8]
  }

  init(seed: UInt64) {
    dice = Dice(seed: seed)
    current = Process(id: 1, role: "setup") { _ in }
    disk = Disk(time: Timestamp(nanoseconds: Int64(clockOffset)))
  }

  var clock: Timestamp { Timestamp(nanoseconds: time + Int64(clockOffset)) }

  /// The latest time that the clock has ever shown.
  var latestClock: Timestamp { max(clock, latestBeforeJump) }
  private var latestBeforeJump = Timestamp(nanoseconds: 0)

  /// Something that must not be.
  func violate(_ words: String) {
    if violations.contains(words) { return }
    note("VIOLATION: \(words)")
    violations.append(words)
  }

  func note(_ words: @autoclosure () -> String) {
    if let trace { trace("      \(words())") }
  }

  /// Nobody runs here any more; what holds each other lets go.
  func dismantle() {
    programs = [:]
    onReplace = nil
    afterCut = {}
    memoryFiles = []
    processes = []
    current = Process(id: 1, role: "nobody") { _ in }
    disk.dismantle()
  }

  // MARK: Processes

  @discardableResult
  func start(_ role: String, parent: Process? = nil, _ body: @escaping (Process) -> Void) -> Process {
    lastID += 1
    let process = Process(id: lastID, role: role, body: body)
    processes.append(process)
    parent?.children.append(process)
    note("\(process.label) starts")
    return process
  }

  /// Nothing goes wrong any more.
  func endFaults() {
    plan = Plan()
    armed = []
  }

  /// Runs every process to its end, with what is planned.
  /// - Parameter onEnd: told of each process that ended, and may start others.
  func run(onEnd: (Process) -> Void = { _ in }) {
    isScheduling = true
    shutdown = time + Self.longestRun
    defer { isScheduling = false }
    while true {
      if !bury(onEnd) { return }
      strikeBetweenCalls()
      if let process = nextProcess() {
        slice = 1 + dice.roll(6)
        current = process
        process.state = .ready
        process.resume()
      } else if processes.contains(where: \.isDead) {
        continue
      } else if !sleepOn() {
        violate("stuck: " + processes.map { "\($0.label) \($0.state)" }.joined(separator: ", "))
        killAll()
      }
    }
  }

  /// Lets the killed return from their code, and removes who has ended; false where nobody is left.
  private func bury(_ onEnd: (Process) -> Void) -> Bool {
    while let process = processes.first(where: { $0.isDead || $0.hasEnded }) {
      if !process.hasEnded {
        current = process
        process.resume()
        precondition(process.hasEnded, "a killed process went on")
      }
      processes.removeAll { $0 === process }
      process.closeAll()
      // What a dead parent leaves dies with it.
      for child in process.children { kill(child) }
      process.children = []
      onEnd(process)
    }
    return !processes.isEmpty
  }

  private func nextProcess() -> Process? {
    let ready = processes.filter(isReady)
    return ready.isEmpty ? nil : dice.pick(ready)
  }

  private func isReady(_ process: Process) -> Bool {
    switch process.state {
    case .ready: true
    case .sleeping(let until, let watch):
      time >= until || !process.signals.isEmpty || (watch.map { process.watches[$0].hasFired } ?? false)
    case .waiting(let child, let until):
      child.hasEnded || child.isDead || !process.signals.isEmpty || (until.map { time >= $0 } ?? false)
    case .locking(let inode): inode.holder == nil
    }
  }

  /// Nobody can go on: the time passes until somebody can.
  private func sleepOn() -> Bool {
    let wakes = processes.compactMap { process -> Int64? in
      switch process.state {
      case .sleeping(let until, _): until
      case .waiting(_, let until): until
      default: nil
      }
    }
    guard let next = wakes.min() else { return false }
    time = max(time, next)
    // Who is resident would wait for ever: the machine goes down some time.
    if time > shutdown { for process in processes where process.signals.isEmpty { signal(process) } }
    return true
  }

  func kill(_ process: Process) {
    guard !process.isDead && !process.hasEnded else { return }
    note("\(process.label) is killed")
    process.isDead = true
    process.status = 9
    process.closeAll()
    for child in process.children { kill(child) }
  }

  /// SIGTERM.
  func signal(_ process: Process) {
    signalled += 1
    process.signals.append(15)
  }

  private func killAll() { for process in processes { kill(process) } }

  /// Gives the turn away; comes back when it is this process's again.
  func suspend(_ state: Process.State) {
    guard isScheduling, !current.isDead else { return }
    current.state = state
    coroutine_yield()
  }

  func pass(_ span: Int64) { time += span }

  // MARK: Faults

  private func strikeBetweenCalls() {
    while let fault = plan.next(at: steps) {
      if fault.isOfCalls {
        armed.append((fault, fault == .noSpace || fault == .tooManyFiles ? 1 + dice.roll(4) : 1))
        continue
      }
      let alive = processes.filter { !$0.isDead && !$0.hasEnded }
      guard !alive.isEmpty else { continue }
      count(fault)
      switch fault {
      case .powerCut:
        killAll()
        cuts += 1
        note("POWER CUT")
        disk.cutPower(&dice)
        afterCut()
      case .kill: kill(dice.pick(alive))
      case .signal: signal(dice.pick(alive))
      default:
        let span = dice.roll(2 * 86400) - 86400
        note("the clock jumps by \(span) s")
        latestBeforeJump = latestClock
        clockOffset += span * 1_000_000_000
      }
    }
  }

  private func count(_ fault: Fault) { strikes[fault, default: 0] += 1 }

  /// Whether this fault strikes now; then it is counted.
  func isStruck(by fault: Fault) -> Bool {
    guard !armed.isEmpty, isScheduling, let index = armed.firstIndex(where: { $0.fault == fault }) else { return false }
    armed[index].left -= 1
    if armed[index].left == 0 { armed.remove(at: index) }
    count(fault)
    note("FAULT: \(fault.rawValue)")
    return true
  }

  /// A system call begins: another process may have its turn first.
  /// - Throws: where the process was killed meanwhile.
  func enter() throws(Errno) {
    guard isScheduling else { return }
    if current.isDead { throw Machine.dead }
    steps += 1
    time += Int64(2000 + dice.roll(20_000))
    slice -= 1
    if slice <= 0 || plan.strikes.first.map({ $0.step <= steps }) ?? false {
      coroutine_yield()
      if current.isDead { throw Machine.dead }
    }
    if steps == Self.stepLimit {
      violate("spins: more than \(Self.stepLimit) system calls")
      killAll()
      throw Machine.dead
    }
  }

  /// What a killed process's calls fail with: no call of a living one does.
  static let dead = Errno(rawValue: 3)

  /// A program's last words; a program that was killed before has none.
  func exit(_ code: Int32, signal: Int32 = 0, _ output: [UInt8] = []) {
    act {
      current.output = output
      current.status = code << 8 | signal
    }
  }

  /// Something that the outside world sees the current process do, unless it is killed before.
  func act(_ effect: () -> Void) {
    guard (try? enter()) != nil else { return }
    effect()
  }
}
