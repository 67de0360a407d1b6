import Spool

/// What is known of a job by its name: `jobs/names/NAME`, header lines. The records are the entries in `jobs/`; this says what is
/// expected, how it went last and how often in a row it did not, and what a person is still to be told of it.
public struct JobState: Sendable {
  public static let queueName = "jobs"

  public var name: String
  public var policy = JobPolicy()
  /// Since when something is expected: its first declaration, or when it was enabled.
  public var since: Timestamp
  public var command: String?

  /// The last run. Without an end it goes on, or was killed and nobody has looked since.
  public var lastID: EntryID?
  public var lastStart: Timestamp?
  public var lastEnd: Timestamp?
  public var lastSuccess: Timestamp?
  /// Of the last run that has ended, and so what follows.
  public var lastExecution: Execution?
  public var lastDelivery: JobDelivery?
  /// What it has handed over for delivery.
  public var lastDeliveries: [EntryID] = []
  /// So many have failed in a row.
  public var failures = 0

  /// When a run was refused last, because another one went on or the job is disabled; and how often since the last start.
  public var lastRefused: Timestamp?
  public var refused = 0
  public var disabled: Disabled?
  /// What a person is still to be told.
  public var tell: Tell?
  /// When a person was last told something.
  public var told: Timestamp?

  /// Its runs are refused until somebody enables it.
  public struct Disabled: Sendable {
    public var time: Timestamp
    public var why: String
    static let byHand = "by hand"
    /// Then nobody need be told that it does not run.
    public var isByHand: Bool { why.hasPrefix(Self.byHand) }
  }

  /// What is told by an alert of a run.
  public struct Tell: Equatable, Sendable {
    public enum What: String, Sendable {
      case failed, disabled
      /// It went well, and what it had to say could not even be handed over.
      case undelivered
    }
    public var what: What
    public var run: EntryID
  }

  public init(name: String) {
    self.name = name
    since = .now
  }

  /// Late by more than this is overdue: a run's own length, a busy minute, and the 25 h of the day on which
  /// summer time ends.
  static func slack(_ every: Duration) -> Duration { every / 20 + .seconds(300) }

  /// From when it is counted that it should have succeeded once more.
  var expectedSince: Timestamp { lastSuccess.map { max($0, since) } ?? since }

  /// When it should succeed at the latest.
  public var due: Timestamp? { policy.expectEvery.map { expectedSince + $0 } }

  public func isOverdue(at now: Timestamp) -> Bool {
    guard let every = policy.expectEvery, let due else { return false }
    return due + Self.slack(every) < now
  }

  /// Whether the last run has no known end.
  public var isOpen: Bool { lastID != nil && lastEnd == nil }

  mutating func begin(_ id: EntryID, at start: Timestamp, _ command: String?) {
    lastID = id
    lastStart = start
    lastEnd = nil
    self.command = command ?? self.command
    refused = 0
  }

  /// How a run ended; counted once, however often it is said.
  mutating func end(
    _ id: EntryID, _ execution: Execution, at end: Timestamp,
    _ sent: (delivery: JobDelivery, ids: [EntryID], wasRefused: Bool)
  ) {
    guard lastID == id, lastEnd == nil else { return }
    lastEnd = end
    lastExecution = execution
    lastDelivery = sent.delivery
    lastDeliveries = sent.ids
    if execution == .succeeded {
      lastSuccess = lastStart
      failures = 0
      if tell?.what == .failed { tell = nil }
      if sent.wasRefused && tell == nil { tell = Tell(what: .undelivered, run: id) }
    }
    guard execution.isFailure else { return }
    failures += 1
    // That it is disabled stays to be told, whatever comes behind.
    if tell?.what != .disabled, policy.tellsAfter(failures) { tell = Tell(what: .failed, run: id) }
    if disabled == nil, policy.disablesAfter(failures) {
      disabled = Disabled(time: end, why: "after \(failures) failures in a row")
      tell = Tell(what: .disabled, run: id)
    }
  }

  mutating func refuse() {
    lastRefused = .now
    refused += 1
  }
}
