import CLinux
import Glibc
import Spool
import Work

/// The resident cron: one for a spool. It reads the clock when an entry is due and each minute, and starts what is due as an `Errand`.
public final class Scheduler {
  public let spool: SpoolDirectory
  /// The crontab.
  public let path: String
  /// Makes the process that runs an errand from its standard input, and holds the lock 9.
  let runner: Command
  /// Gets lines for people.
  let say: (String) -> Void
  /// The environment that each command begins with.
  let environment: [String: String]

  let entries: Directory
  let locks: Directory
  private let lock: File
  var posts: [Post] = []
  var watch: Watch?
  /// The crontab as it was last looked at.
  var seen: FileStatus?
  /// The processes that run errands, and what wakes us at their end.
  private var errands: [(process: pid_t, descriptor: Int32)] = []
  /// Something is to be looked at again before anything wakes us.
  var lookAgain = false

  /// Nothing is believed for longer than this without a look; what waits for a lock is looked at as often.
  private static let longestSleep = Duration.seconds(60)
  private static let soon = Duration.seconds(1)

  /// - Throws: `.tryAgain` where this spool has a scheduler.
  public init(
    _ spool: SpoolDirectory, crontab path: String, runner: Command, environment: [String: String],
    say: @escaping (String) -> Void
  ) throws(Failure) {
    self.spool = spool
    self.path = path
    self.runner = runner
    self.environment = environment
    self.say = say
    let directory = try spool.directory("scheduler")
    entries = try EntryState.directory(spool)
    locks = try Directory.making("locks", in: directory)
    lock = try directory.openOrCreate("lock")
    guard try lock.tryLock() else {
      throw Failure(
        .tryAgain, spool.path, "another scheduler serves this spool", do: "one is enough: stop the other first")
    }
  }

  /// Serves the crontab until it is asked to stop.
  /// - Throws: `Faults` where the crontab is faulty at the start.
  public func run() throws -> Int32 {
    Signals.catchThem()
    try load(.now)
    // Not before: who is started again and again, and each time refuses its crontab, is not alive.
    let pulse = try Pulse("scheduler", in: spool)
    try startAfterBoot()
    while true {
      collect()
      let now = Timestamp.now
      lookAgain = false
      try reloadIfChanged(now)
      let news = News(hasAny: watch!.hasFired, arrivals: watch!.takePlaces() ?? [])
      watch!.hasFired = false
      for post in posts { try attend(post, now, news) }
      switch wait() {
      case .signal(SIGHUP): try reload(.now)
      case .signal(let number):
        // What ends in any other way is missed.
        pulse.end()
        return number
      case .gone: try rewatch()
      case .look: break
      }
      pulse.beat()
    }
  }

  /// What has changed since the last look: something, and where something has landed.
  struct News {
    var hasAny: Bool
    var arrivals: Set<String>
  }

  /// Until something is due, has changed, or has ended.
  private func wait() -> Watch.Wake {
    var pause = lookAgain ? Self.soon : Self.longestSleep
    let now = Timestamp.now
    for post in posts {
      if let next = post.course?.next() { pause = min(pause, max(.zero, next - now)) }
    }
    var polled = errands.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    return watch!.wait(atMost: pause, or: &polled)
  }

  /// The entry's times, as the clock now makes them due.
  private func attend(_ post: Post, _ now: Timestamp, _ news: News) throws(Failure) {
    if case .queue(let name) = post.entry.trigger { return try look(at: name, for: post, now, news) }
    guard let due = post.course?.advance(to: now) else {
      if post.pending != nil { try start(post, now) }
      return
    }
    if let last = due.lastMissed, due.missed > 0 {
      tellMissed(post, due.missed, "the last one \(post.entry.zone.rfc3339(last))")
      try record(post, last)
    }
    if let run = due.run { post.pending = run }
    if post.entry.catchUp.kind == .all && post.pending == nil {
      let turn = post.course!.turn(after: &post.turned, now: now)
      if turn.tooOld > 0 { tellMissed(post, turn.tooOld, "too old for \(post.entry.schedule)'s CATCH_UP") }
      post.pending = turn.time
    }
    if post.pending != nil { try start(post, now) }
  }

  private func tellMissed(_ post: Post, _ count: Int, _ more: String) {
    let number = count >= Course.countLimit ? "\(count) or more" : "\(count)"
    let words = "\(number) \(count == 1 ? "time" : "times") missed, \(more): \(post.entry.spoken)"
    say("\(path):\(post.entry.line): \(words)")
    spool.journal.write("schedule", detail: "missed: \(post.entry.line): \(words)")
  }

  /// Something has landed that did not lie there when the command was last started.
  private func look(at queue: String, for post: Post, _ now: Timestamp, _ news: News) throws(Failure) {
    if !news.hasAny && post.pending == nil && !post.isMissingTold { return }
    guard let new = room(of: queue) else {
      if !post.isMissingTold {
        say("\(path):\(post.entry.line): there is no queue \(queue): spool init \(queue) makes it")
      }
      post.isMissingTold = true
      return
    }
    if post.isMissingTold {
      post.isMissingTold = false
      // Watched first, then looked at.
      try rewatch()
    }
    // Looked at before the start: what lands meanwhile is news.
    let names = Set(try new.names())
    // What has gone and come again between two looks only an event tells.
    if !names.isSubset(of: post.seen) || !names.isEmpty && news.arrivals.contains(new.path) {
      post.pending = post.pending ?? now
    }
    // What has gone is news when it comes again.
    post.seen.formIntersection(names)
    guard post.pending != nil else { return }
    try start(post, now)
    if post.pending == nil { post.seen = names }
  }

  func room(of queue: String) -> Directory? {
    try? spool.queue(queue)[.new]
  }

  // MARK: Starting

  func start(_ post: Post, _ now: Timestamp) throws(Failure) {
    guard let due = post.pending else { return }
    var lock: File?
    if post.entry.isAlone {
      let file = try locks.openOrCreate(post.key)
      guard try file.tryLock() else {
        lookAgain = true
        return
      }
      lock = file
      // The one that ran may have been another scheduler's, and for this very time.
      if post.entry.catchUp.kind != .skip, let state = try EntryState.read(post.key, in: entries) {
        post.state = state
        if post.course != nil ? state.last == due : post.entry.trigger == .reboot && state.boot == bootID {
          post.turned = due
          post.pending = nil
          return
        }
      }
    }
    let recordsEnd = post.entry.catchUp.kind != .skip
    // A crash behind this loses the run rather than doing it twice.
    if !recordsEnd { try record(post, due, isRun: true) }
    do { try launch(post, due, recordsEnd: recordsEnd, lock: lock) } catch {
      say("\(path):\(post.entry.line): \(error)")
      spool.journal.write("schedule", detail: "not started: \(post.entry.line): \(error)")
      if error.status == .tryAgain {
        lookAgain = true
        return
      }
    }
    post.pending = nil
    post.turned = due
    // There may be another one.
    if post.entry.catchUp.kind == .all { lookAgain = true }
  }

  private func launch(_ post: Post, _ due: Timestamp, recordsEnd: Bool, lock: File?) throws(Failure) {
    let parts = post.entry.command.parts
    var variables = environment
    variables.merge(post.entry.environment) { $1 }
    // As in cron, nobody is somebody else by a line in a file.
    variables["LOGNAME"] = environment["LOGNAME"]
    variables["SPOOL_DIR"] = post.entry.environment["SPOOL_DIR"] ?? spool.path
    var errand = Errand(
      line: post.entry.line, file: path, spoken: post.entry.spoken, key: post.key, due: due.rfc3339,
      shell: variables["SHELL"] ?? "/bin/sh", command: parts.shell, input: parts.input, environment: variables,
      recordsEnd: recordsEnd)
    if case .reboot = post.entry.trigger { errand.boot = bootID }
    let process = try Child.startOnItsOwn(runner, input: try errand.sheet(), lock: lock)
    spool.journal.write(
      "schedule", detail: "fired: \(post.entry.line): \(post.entry.zone.rfc3339(due)): \(post.entry.spoken)")
    let descriptor = clinux_pidfd_open(process)
    if descriptor >= 0 { _ = ioctl(descriptor, UInt(FIOCLEX)) }
    errands.append((process, descriptor))
  }

  /// Errands that are over.
  private func collect() {
    errands.removeAll { errand in
      guard waitpid(errand.process, nil, WNOHANG) != 0 else { return false }
      if errand.descriptor >= 0 { close(errand.descriptor) }
      return true
    }
  }

  /// Where the disk does not take it, the command runs all the same: a full disk must not stop what would tell of it.
  func record(_ post: Post, _ time: Timestamp, isRun: Bool = false) throws(Failure) {
    post.state.last = time
    if isRun, case .reboot = post.entry.trigger { post.state.boot = bootID }
    do { try post.state.write(post.key, in: entries) } catch {
      if error.isFailedFlush { throw error }
      say("\(path):\(post.entry.line): its time cannot be recorded: \(error)")
    }
  }

  lazy var bootID: String = {
    guard let descriptor = try? Kernel.open("/proc/sys/kernel/random/boot_id", in: nil, O_RDONLY),
      let bytes = try? File(descriptor, path: "boot_id").readAll(limit: 100)
    else { return "unknown" }
    return String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
  }()
}
