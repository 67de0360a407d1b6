/// What can befall a simulated machine.
enum Fault: String, CaseIterable {
  /// A process ends at once, and its locks fall; what it did stays.
  case kill = "kill -9"
  /// Every process ends, and the disk keeps what was flushed.
  case powerCut = "power cut"
  case noSpace = "ENOSPC"
  case ioError = "EIO"
  /// And the pages that could not be written are dropped: the next fsync says that all is well.
  case syncError = "EIO from fsync"
  case tooManyFiles = "EMFILE"
  /// The rename has happened, and its caller is told EIO.
  case lyingRename = "rename that lies"
  /// The clock is set by up to a day, forward or back.
  case clockJump = "clock jump"
  /// A change that wakes nobody who watches.
  case silentWatch = "silent inotify"
  /// SIGTERM.
  case signal = "SIGTERM"
  /// A write that takes a part.
  case shortWrite = "short write"
  /// A file system on which no lease can be had.
  case noLease = "no lease"

  /// Whether it happens to a system call; else it happens between two.
  var isOfCalls: Bool {
    switch self {
    case .kill, .powerCut, .clockJump, .signal: false
    default: true
    }
  }
}

/// What is to happen in an act, and when: at so many system calls from its start.
struct Plan {
  private(set) var strikes: [(step: Int, fault: Fault)] = []

  /// Half of the runs are cut or killed only; in the others anything may happen.
  init(_ dice: inout Dice) {
    // A story has some 300 to 1,500 calls: sometimes all strikes at its beginning, sometimes anywhere.
    let span = dice.pick([80, 250, 500, 900])
    func add(_ fault: Fault, atMost count: Int, _ dice: inout Dice) {
      for _ in 0..<dice.roll(count + 1) { strikes.append((dice.roll(span), fault)) }
    }
    add(.powerCut, atMost: 2, &dice)
    add(.kill, atMost: 3, &dice)
    // What one leaves half done, and the next has just found, is where a cut hurts.
    if dice.once(in: 3) {
      for strike in strikes where strike.fault == .kill { strikes.append((strike.step + dice.roll(100), .powerCut)) }
    }
    if dice.once(in: 2) {
      for fault in Fault.allCases where fault != .powerCut && fault != .kill && dice.once(in: 3) {
        add(fault, atMost: 2, &dice)
      }
    }
    strikes.sort { $0.step < $1.step }
  }

  /// Nothing happens.
  init() {}

  /// These happen.
  init(_ strikes: (step: Int, fault: Fault)...) { self.strikes = strikes.sorted { $0.step < $1.step } }

  /// The same, so many system calls later.
  func from(_ step: Int) -> Plan {
    var later = self
    for place in later.strikes.indices { later.strikes[place].step += step }
    return later
  }

  mutating func next(at step: Int) -> Fault? {
    guard let first = strikes.first, first.step <= step else { return nil }
    strikes.removeFirst()
    return first.fault
  }
}
