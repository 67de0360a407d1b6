import Runs
import Work

/// How a whole spool stands, in one document: what `spool status` shows, `spool status --json` prints and the dashboard serves at
/// `/api/data`. Times are RFC 3339 in UTC, amounts US dollars, spans seconds. What there is none of is left out.
///
/// A program may rely on what stands here: within a version keys are added, and none changes its meaning or goes.
public struct StatusDocument: Encodable, Sendable {
  public static let currentVersion = 1

  public var version = Self.currentVersion
  public var time: String
  /// The local date, as `costs` has it: `2026-11-26`.
  public var day: String
  public var spool: String
  public var host: String
  /// The worst of all that follows, and in `detail` what that is.
  public var status = Light.green
  public var detail = ""

  public var tick: Sign
  /// `localhost:PORT` of its door; `resident` where it has none; left out where no gateway is resident.
  public var gateway: String?
  public var agents: [String: Agent] = [:]
  public var queues: [String: Queue] = [:]
  /// Runs by their IDs: all that are under way or parked, and those that have ended within a day, as far as the journal's last lines
  /// tell.
  public var pipelines: [String: Pipeline] = [:]
  /// Requests that nobody has answered, by their IDs.
  public var approvals: [String: Approval] = [:]
  public var jobs: [String: Job] = [:]
  public var deliveries = Deliveries()
  /// Whoever is to give a sign of life and is no agent.
  public var daemons: [String: Sign] = [:]
  /// What is not well, and what to do about it: all that heartbeat-guard would see.
  public var signals: [Trouble] = []
  /// Of each agent what it has cost on each local day.
  public var costs: [String: [String: Double]] = [:]

  /// A sign of life.
  public struct Sign: Encodable, Sendable {
    public var status: Light
    public var detail: String
    public var last: String?
  }

  public struct Agent: Encodable, Sendable {
    public var status: Light
    /// What it lacks, in the words of its file; of a green one which bot it speaks by.
    public var detail: String
    public var description: String?
    public var model: String?
    /// Its calls that wait and that are made.
    public var waiting = 0
    public var running = 0
    /// Today.
    public var spent: Double?
    /// A day.
    public var budget: Double?
    /// Why it is not called any more.
    public var breaker: String?
  }

  public struct Queue: Encodable, Sendable {
    public var status: Light
    public var detail: String
    /// By their names those in which something lies; `done`, `re` and `log` are not counted.
    public var rooms: [String: Room] = [:]

    public struct Room: Encodable, Sendable {
      public var count: Int
      /// Since when the oldest is there: when it was published; of a file in `drop/` its time.
      public var oldest: String?
      public var id: String?
    }
  }

  public struct Pipeline: Encodable, Sendable {
    public var status: Light
    /// What it waits for, or how it ended.
    public var detail: String
    public var timeline: TimeLine
  }

  public struct Approval: Encodable, Sendable {
    public var status: Light
    /// `open`, or why it has reached nobody yet.
    public var detail: String
    public var subject: String?
    public var to: [String]
    public var asked: String
    /// When it arrived: its clock started then.
    public var delivered: String?
    public var deadline: String?
    public var secondsLeft: Int?
    /// The run that waits for it.
    public var run: String?
  }

  public struct Job: Encodable, Sendable {
    public var status: Light
    public var detail: String
    public var command: String?
    public var run: String?
    public var lastStart: String?
    public var lastEnd: String?
    public var lastSuccess: String?
    /// How the last run ended: `ok`, `failed`, `timed-out`, `killed`, ...
    public var execution: String?
    public var exit: Int32?
    /// Of what it had to say: `delivered`, `silent`, `not-requested`, `failed`, `unknown`.
    public var delivery: String?
    public var deliveryDetail: String?
    /// When it is to have succeeded once more.
    public var due: String?
    /// In a row.
    public var failures = 0
  }

  public struct Deliveries: Encodable, Sendable {
    public var pending = 0
    public var failed = 0
    public var inDoubt: [Doubt] = []
    /// The last ones that have a receipt, as far as the journal's last lines tell; the latest first.
    public var recent: [Delivered] = []
  }

  /// It may or may not have gone out.
  public struct Doubt: Encodable, Sendable {
    public var id: String
    public var to: String
    public var subject: String?
    public var since: String
    public var detail: String
  }

  public struct Delivered: Encodable, Sendable {
    public var id: String
    public var to: String
    public var subject: String?
    public var delivered: String
    public var receipt: String
    /// It may have gone out more than once.
    public var wasInDoubt = false
  }

  public struct Trouble: Encodable, Sendable {
    public var rule: String
    public var status: Light
    public var what: String
    public var advice: String
  }
}
