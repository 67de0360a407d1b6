import Deliveries
import Spool

/// A job by its name: its state, its two locks, and what was left behind by runs that were killed.
///
/// `jobs/locks/NAME` is held for as long as a run lasts; `jobs/locks/.NAME` for the moment in which its state is changed, by a run
/// or by somebody else.
public struct Job {
  public let spool: SpoolDirectory
  public let name: String

  public init(_ name: String, in spool: SpoolDirectory) throws(Failure) {
    guard Self.isName(name) else {
      throw Failure(.usage, name, "is no name for a job", do: "use a-z, 0-9, dots, dashes and underscores")
    }
    self.spool = spool
    self.name = name
  }

  private static func isName(_ text: String) -> Bool {
    let isPlain = text.utf8.allSatisfy {
      (97...122).contains($0) || (48...57).contains($0) || (45...46).contains($0) || $0 == 95
    }
    return isPlain && (1...64).contains(text.utf8.count) && !text.hasPrefix(".") && !text.hasPrefix("-")
  }

  /// All jobs that are known: by their state, or by a run whose `job` was killed before it could say more.
  public static func all(in spool: SpoolDirectory) throws(Failure) -> [Job] {
    let queue = try spool.queue(JobState.queueName, making: true)
    var names = Set(try JobState.names(in: spool))
    for place in try queue.entries(in: .new) {
      if let name = try? queue.header(at: place)?["Subject"] { names.insert(name) }
    }
    var jobs: [Job] = []
    for name in names.sorted() where isName(name) { jobs.append(try Job(name, in: spool)) }
    return jobs
  }

  /// Runs that nobody has taken up: their `job` was killed before, or a person has put them back.
  func waiting() throws(Failure) -> [Place] {
    let queue = try queue()
    var places: [Place] = []
    for place in try queue.entries(in: .new) where try queue.header(at: place)?["Subject"] == name {
      places.append(place)
    }
    return places
  }

  func queue() throws(Failure) -> Queue { try spool.queue(JobState.queueName, making: true) }

  public func state() throws(Failure) -> JobState? { try JobState.read(name, in: spool) }

  @discardableResult
  func update(_ change: (inout JobState) -> Void) throws(Failure) -> JobState {
    let lock = try Directory.making("locks", in: queue().directory).openOrCreate(".\(name)")
    try lock.lock()
    defer { lock.unlock() }
    var state = try state() ?? JobState(name: name)
    change(&state)
    try state.write(to: spool)
    return state
  }

  /// Only says what is expected, so that a job that never runs at all is missed too.
  public func declare(_ policy: JobPolicy) throws(Failure) { try update { $0.policy.take(policy) } }

  public func enable() throws(Failure) {
    try requireKnown()
    try update { state in
      state.disabled = nil
      state.failures = 0
      state.tell = nil
      // What was missed meanwhile is no news.
      state.since = .now
    }
    spool.journal.write("job-enabled", queue: JobState.queueName, detail: name)
  }

  public func disable() throws(Failure) {
    try requireKnown()
    try update { $0.disabled = $0.disabled ?? .init(time: .now, why: JobState.Disabled.byHand) }
    spool.journal.write("job-disabled", queue: JobState.queueName, detail: "\(name): \(JobState.Disabled.byHand)")
  }

  private func requireKnown() throws(Failure) {
    guard try state() == nil else { return }
    throw Failure(.no, name, "there is no such job", do: "job --list shows them")
  }

  /// The run's lock; nil where a run has it.
  func lock() throws(Failure) -> File? {
    let lock = try Directory.making("locks", in: queue().directory).openOrCreate(name)
    return try lock.tryLock() ? lock : nil
  }

  /// What earlier runs left, for who has the run's lock: one whose `job` was killed is counted, and what is to be told is
  /// noted.
  /// - Throws: `.tryAgain` where a command has outlived its `job`, and goes on.
  func settleEarlier() throws(Failure) {
    let queue = try queue()
    for place in try waiting() {
      guard case .claimed(let claim) = try queue.claim(place.fileName, in: .new) else { continue }
      let last = try state()?.lastID
      // One that ended, and that a person has put back, was counted then.
      if last.map({ $0 < claim.id }) ?? true { try update { $0.begin(claim.id, at: claim.id.time, nil) } }
      try claim.fail("\(name): killed before it began: a job is run by its schedule")
    }
    for place in try queue.entries(in: .run) where try queue.entry(at: place)?.subject == name {
      throw Failure(
        .tryAgain, name, "a command of an earlier run, whose job was killed, goes on", do: "spool check jobs names it")
    }
    guard let state = try state(), state.isOpen, let id = state.lastID else { return }
    try settle(id, in: queue)
  }

  /// The queue knows how it ended.
  private func settle(_ id: EntryID, in queue: Queue) throws(Failure) {
    let execution: Execution
    switch try queue.locateDurably(id)?.room {
    case .done: execution = .succeeded
    case .fail: execution = Execution(reason: reason(of: id, in: queue) ?? "")
    default: execution = .cancelled
    }
    try finishOutput(of: id)
    let record = try queue.response(id)
    let end = record?.header["Ended"].flatMap { Timestamp(rfc3339: $0) } ?? .now
    let sent = try JobSent(run: id, in: spool).summary()
    try update { $0.end(id, execution, at: end, sent) }
    if execution == .unseen { spool.journal.write("job-killed", queue: queue.name, id: id, detail: name) }
  }

  /// Its output may have been killed between its key and `new/`: it need not wait for the round that looks for such.
  private func finishOutput(of id: EntryID) throws(Failure) {
    let deliveries = try spool.queue(Delivery.queueName, making: true)
    guard let output = try deliveries.known(key: JobRun.outputKey(id)), try deliveries.locate(output) == nil else {
      return
    }
    try deliveries.sweepKeys()
  }

  /// Why a run failed.
  func reason(of id: EntryID, in queue: Queue) -> String? {
    queue.lastReason(id).map { $0.hasPrefix("\(name): ") ? String($0.dropFirst(name.count + 2)) : $0 }
  }
}
