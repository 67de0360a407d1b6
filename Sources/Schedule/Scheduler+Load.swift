import Glibc
import Spool

/// All that is wrong with a crontab.
public struct Faults: Error {
  public var path: String
  public var faults: [Fault]

  public init(path: String, faults: [Fault]) {
    self.path = path
    self.faults = faults
  }

  public var lines: [String] { faults.map { $0.description(in: path) } }
}

extension Scheduler {
  /// While the crontab on the disk is faulty, or gone, its faults lie there, for those who look after us; on the first line what
  /// holds instead.
  public static let faultsName = "faults"

  func load(_ now: Timestamp) throws {
    seen = look()
    let crontab: Crontab
    do { crontab = Crontab(try Crontab.file(path)) } catch let failure as Failure {
      if !failure.isFailedFlush { try noteUnread("\(failure.what): \(failure.why)") }
      throw failure
    }
    let directory = try spool.directory("scheduler")
    guard crontab.faults.isEmpty else {
      let faults = Faults(path: path, faults: crontab.faults)
      try note(faults.lines)
      throw faults
    }
    try directory.unlink(Self.faultsName)
    try adopt(crontab.entries, now)
    try rewatch()
    say("\(path): \(crontab.entries.count) \(crontab.entries.count == 1 ? "entry" : "entries")")
    spool.journal.write("schedule", detail: "loaded: \(path): \(crontab.entries.count)")
  }

  /// Whoever starts us without any crontab has none that could be faulty: our exit says so.
  private func noteUnread(_ line: String) throws(Failure) {
    if watch != nil || Kernel.mayAccess(path, F_OK) { return try note([line]) }
    try spool.directory("scheduler").unlink(Self.faultsName)
  }

  private func note(_ lines: [String]) throws(Failure) {
    spool.journal.write("schedule", detail: "faulty: \(lines.joined(separator: "; "))")
    let first = posts.isEmpty ? "nothing is run" : "what it was before goes on"
    try spool.directory("scheduler").replace(
      Self.faultsName, with: Array(([first] + lines).map { $0 + "\n" }.joined().utf8))
  }

  /// Whatever was wrong, the crontab that counted goes on.
  func reload(_ now: Timestamp) throws {
    do { try load(now) } catch let faults as Faults {
      for line in faults.lines { say(line) }
      say("\(path): the crontab as it was before goes on")
    } catch let failure as Failure {
      if failure.isFailedFlush { throw failure }
      say("\(failure): the crontab as it was before goes on")
    }
  }

  func reloadIfChanged(_ now: Timestamp) throws {
    let status = look()
    if status?.inode == seen?.inode && status?.device == seen?.device && status?.changed == seen?.changed { return }
    // It may still be being written.
    if let changed = status?.changed, changed <= now, now - changed < .milliseconds(500) {
      lookAgain = true
      return
    }
    try reload(now)
  }

  private func look() -> FileStatus? {
    guard let descriptor = try? Kernel.open(path, in: nil, 0) else { return nil }
    return try? File(descriptor, path: path).status()
  }

  /// The crontab's directory, and what `@queue` waits for.
  func rewatch() throws(Failure) {
    let slash = path.lastIndex(of: "/")
    let above = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    var directories = [try Directory.following(path: above)]
    for post in posts {
      if case .queue(let name) = post.entry.trigger, let new = room(of: name) { directories.append(new) }
    }
    // The old one first: there is one in a process.
    watch = nil
    watch = Watch(directories, notice: spool.notice)
    watch!.hasFired = true
    _ = watch!.takePlaces()
  }

  private func adopt(_ read: [CrontabEntry], _ now: Timestamp) throws(Failure) {
    var old = Dictionary(uniqueKeysWithValues: posts.map { ($0.key, $0) })
    var new: [Post] = []
    for entry in read {
      if let post = old.removeValue(forKey: entry.key) {
        post.take(entry)
        new.append(post)
      } else {
        new.append(try begin(entry, now))
      }
    }
    posts = new
    let keys = Set(new.map(\.key))
    for name in try entries.names() where !keys.contains(name) { try entries.unlink(name) }
    for name in try locks.names() where !keys.contains(name) {
      // What still runs keeps its lock, should the line come back.
      if let file = try locks.open(name), try file.tryLock() { try locks.unlink(name) }
    }
  }

  /// An entry that this process has not seen.
  private func begin(_ entry: CrontabEntry, _ now: Timestamp) throws(Failure) -> Post {
    if let state = try EntryState.read(entry.key, in: entries) { return Post(entry, state: state) }
    let post = Post(entry, state: EntryState(entry: entry.spoken, since: now, last: now))
    // From its first sight on: what is missed before it first runs was missed too.
    try record(post, now)
    return post
  }

  // MARK: After a boot

  private static let bootName = "boot"

  /// `@reboot`, once for each boot. A line that comes later in a boot that was served waits for the next one.
  func startAfterBoot() throws(Failure) {
    let directory = try spool.directory("scheduler")
    let served = try directory.open(Self.bootName)?.readAll(limit: 100).map { String(decoding: $0, as: UTF8.self) }
    let isServed = served == bootID + "\n"
    for post in posts {
      guard case .reboot = post.entry.trigger, post.state.boot != bootID else { continue }
      // With `-` its run was begun, and is not over as far as anybody has written down.
      if isServed && post.state.boot == nil { continue }
      post.pending = .now
      // Not written over: a run that was begun before us may be writing its end.
      if post.entry.catchUp.kind == .skip || post.state.boot == "-" { continue }
      post.state.boot = "-"
      try record(post, post.state.last)
    }
    for post in posts where post.pending != nil { try start(post, .now) }
    if !isServed { try directory.replace(Self.bootName, with: Array((bootID + "\n").utf8)) }
  }
}
