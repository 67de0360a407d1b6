import Roster
import Spool
import Work

/// Puts conflicts of the policy `ask` to a person, by wait-approval, and makes his word count.
///
/// `memory/asks/open` says that there may be some: it is made before the first one is written, so that whatever is killed, spool tick
/// finds it. Who waits for an answer holds the lock of `memory/asks/NUMBER`.
public struct ConflictDesk {
  private let spool: SpoolDirectory
  private let asks: Directory

  public init(_ spool: SpoolDirectory) throws(Failure) {
    self.spool = spool
    asks = try Directory.making("asks", in: spool.directory("memory"))
  }

  /// Before a version is written that may have to be asked about.
  public func prepare() throws(Failure) {
    guard try !asks.contains("open") else { return }
    _ = try asks.openOrCreate("open")
    try asks.sync()
  }

  /// Starts a process that asks and waits, for each of these that has none.
  /// - Parameter command: of `memory settle NUMBER`.
  public func ask(about numbers: [Int64], _ command: (Int64) -> Command) throws(Failure) {
    for number in numbers {
      let file = try asks.openOrCreate("\(number)")
      guard try file.tryLock() else { continue }
      file.unlock()
      _ = try Child.startOnItsOwn(command(number))
    }
  }

  /// Starts those that nobody waits for; nothing is left of what is decided.
  public func tend(_ store: MemoryStore, _ command: (Int64) -> Command) throws(Failure) {
    try asks.unlink("open")
    let open = try openAsks(store)
    if !open.isEmpty { try prepare() }
    for name in try asks.names() where Int64(name).map({ !open.contains($0) }) == true {
      if let file = try asks.open(name), try file.tryLock() { try asks.unlink(name) }
    }
    try ask(about: open, command)
  }

  private func openAsks(_ store: MemoryStore) throws(Failure) -> [Int64] {
    try store.conflicts(settled: false, by: .person).filter { $0.policy == Policies.Policy.ask.rawValue }.map(\.number)
  }

  /// Asks, waits, and makes the answer count.
  /// - Parameter program: wait-approval.
  /// - Returns: how wait-approval ended; nil: somebody else waits, or it is decided.
  public func settle(_ number: Int64, _ store: MemoryStore, program: String) throws(Failure)
    -> ExitStatus?
  {
    let lock = try asks.openOrCreate("\(number)")
    guard try lock.tryLock() else { return nil }
    defer { _fixLifetime(lock) }
    guard let conflict = try store.conflicts(settled: false, by: .person).first(where: { $0.number == number }) else {
      try asks.unlink("\(number)")
      return nil
    }
    let to = try Settings(spool).alert
    let command = Command(
      path: program,
      arguments: [
        "wait-approval", "-C", spool.path, "--to", to, "--key", "memory-conflict-\(number)", "--subject",
        "memory: which version of \(conflict.key.prefix(80))",
      ], environment: inheritedEnvironment())
    let child = try Child(command, input: .inMemory(Array(Self.question(conflict).utf8)))
    let (outcome, _, _) = child.collect(until: nil)
    guard [.done, .no, .timedOut].contains(outcome.status) else { return outcome.status }
    let mayCount = try store.close(conflict, takingIt: outcome.status == .done)
    if outcome.status == .done && !mayCount {
      spool.journal.write(
        "memory-conflict", detail: "\(conflict.key.printable): the yes came too late: a newer version counts")
    }
    try asks.unlink("\(number)")
    return outcome.status
  }

  private static func question(_ conflict: ConflictRecord) -> String {
    func told(_ version: VersionRecord) -> String {
      "Version \(version.version), by \(version.author), \(version.at):\n\n\(version.value ?? "(forgotten)")\n"
    }
    let scope = conflict.scope == "shared" ? "" : " (\(conflict.scope))"
    return """
      \(conflict.key)\(scope): \(conflict.version.author) has written version \(conflict.version.version), and had not seen \
      version \(conflict.against.version), which counts.

      \(told(conflict.against))
      \(told(conflict.version))
      Approve, and version \(conflict.version.version) counts. Reject, and version \(conflict.against.version) goes on to.

      """
  }
}
