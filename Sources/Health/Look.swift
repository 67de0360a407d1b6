import Roster
import Spool

/// What the rules look at, and by what they judge it. What several of them need is read once.
public final class Look {
  public let spool: SpoolDirectory
  public let now: Timestamp
  /// So long an entry may lie before somebody takes it up.
  public var longestWait = Duration.seconds(1800)
  /// Where `memory export --files` writes to.
  public var memoryFiles: String
  /// So long nothing need be heard of a project that is said to be active.
  public var longestSilence = Duration.seconds(7 * 86400)
  /// The machine, or the clock, has just come back from elsewhere: nobody had the time to give a sign of life.
  public var isJustAwake = false

  private var openQueues: [Queue]?
  private var readAgents: [(name: String, agent: Result<Agent, Failure>)]?
  package private(set) lazy var locks = LockTable()
  private var glances: [String: Glance] = [:]

  public init(_ spool: SpoolDirectory, now: Timestamp = .now) {
    self.spool = spool
    self.now = now
    memoryFiles = spool.path + "/memory/files"
  }

  package func queues() throws(Failure) -> [Queue] {
    if let openQueues { return openQueues }
    var queues: [Queue] = []
    for name in try spool.queueNames() { queues.append(try spool.queue(name)) }
    openQueues = queues
    return queues
  }

  /// The queue of this name; nil where nobody has used it yet.
  package func queue(_ name: String) throws(Failure) -> Queue? { try queues().first { $0.name == name } }

  /// What lies in a room; looked at once, however many ask.
  package func glance(at queue: Queue, _ room: Room) throws(Failure) -> Glance {
    let key = "\(queue.name)/\(room.rawValue)"
    if let known = glances[key] { return known }
    let found = try Glance(of: queue, room)
    glances[key] = found
    return found
  }

  /// The oldest entry of a room, and how many names lie there.
  package func oldest(of queue: Queue, in room: Room) throws(Failure) -> (place: Place, count: Int)? {
    let glance = try glance(at: queue, room)
    return glance.oldest.map { ($0, glance.count) }
  }

  /// The queues of calls, with their agents' names.
  package func callQueues() throws(Failure) -> [(agent: String, queue: Queue)] {
    try queues().filter { $0.name.hasPrefix("calls-") }.map { (String($0.name.dropFirst("calls-".count)), $0) }
  }

  /// Every agent that has a file, or why that is not understood.
  package func agents() throws(Failure) -> [(name: String, agent: Result<Agent, Failure>)] {
    if let readAgents { return readAgents }
    var agents: [(String, Result<Agent, Failure>)] = []
    for file in try spool.directory("agents").names().sorted() where file.hasSuffix(".md") && !file.hasPrefix(".") {
      let name = String(file.dropLast(3))
      do { agents.append((name, .success(try Agent(named: name, in: spool)))) } catch {
        agents.append((name, .failure(error)))
      }
    }
    readAgents = agents
    return agents
  }

  /// The agent of this name, where it has a file that is understood.
  package func agent(_ name: String) throws(Failure) -> Agent? {
    try? agents().first { $0.name == name }?.agent.get()
  }
}

extension Queue {
  /// In a sentence: why an entry lies where it lies.
  func reason(_ id: EntryID) -> String { lastReason(id).map { String($0.prefix(200)) } ?? "no reason recorded" }

  /// Whether a person has given it up: he knows.
  package func wasCancelled(_ id: EntryID) -> Bool { lastReason(id)?.hasPrefix("cancelled") == true }
}

extension Int {
  /// `1 entry`, `3 entries`.
  func entries(_ one: String = "entry", _ many: String = "entries") -> String { "\(self) \(self == 1 ? one : many)" }
}
