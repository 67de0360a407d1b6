import Calls
import Roster
import Spool
import Work

/// The calls of one agent that wait for their turn.
final class AgentLine {
  let queue: Queue
  var agent: Agent
  /// Calls that are made at this moment.
  var running = 0
  /// When it was last served, by the count of all that were; 0: never.
  var served: UInt64 = 0
  /// Until then it is left alone: its rate lets no call begin, or there was trouble.
  var notBefore: Deadline?
  /// Its file is gone: what is being made ends, and nothing is begun.
  var isLeaving = false
  /// Something may have come.
  var isDirty = true
  /// Its owner's drop.
  var drop = Lookout()
  private var waiting: ArraySlice<(room: Room, fileName: String)> = []
  private var nextDue: Deadline?
  private var isWhole = true
  private var nextScan = Deadline(after: .zero)
  private var busyPause = AgentLine.shortPause

  init(_ agent: Agent, _ queue: Queue) {
    self.agent = agent
    self.queue = queue
  }

  var name: String { agent.name }

  /// So many names are kept of a scan: what is behind them comes with a later one, and a deep queue takes no memory.
  private static let window = 4096
  /// A scan costs more the deeper the queue is: at most this part of the time goes into scans while there is work from the last one.
  private static let patience = 20

  private static let shortPause = Duration.milliseconds(50)
  private static let longPause = Duration.seconds(5)

  /// What was tried is held by somebody: who puts it there holds it for a moment, and others perhaps for long.
  func wasBusy() {
    let due = Deadline(after: busyPause)
    nextDue = nextDue.map { min($0, due) } ?? due
    busyPause = min(busyPause * 2, Self.longPause)
  }

  /// Looks what waits, unless the last look is good enough still.
  func look() throws(Failure) {
    if notBefore?.hasPassed == true { notBefore = nil }
    guard notBefore == nil, needsLook else { return }
    let begun = Kernel.uptime()
    isDirty = false
    let ready = try queue.ready(atMost: Self.window)
    isWhole = !ready.hasMore
    waiting = ready.places[...]
    nextDue = ready.nextDue.map { Deadline(after: $0) }
    nextScan = Deadline(after: .nanoseconds((Kernel.uptime() - begun) * Int64(Self.patience)))
  }

  private var needsLook: Bool {
    if nextDue?.hasPassed == true { return true }
    // What has come since sorts behind what is here already.
    if !waiting.isEmpty { return isDirty && nextScan.hasPassed }
    return isDirty || !isWhole
  }

  var hasWork: Bool { !waiting.isEmpty }

  /// Until a look may find more, where no event says so.
  var pause: Duration? {
    var pauses = [drop.pause].compactMap { $0 }
    if let notBefore { return (pauses + [notBefore.remaining]).min() }
    if let nextDue { pauses.append(nextDue.remaining) }
    if isDirty && hasWork { pauses.append(nextScan.remaining) }
    return pauses.min()
  }

  var mayBegin: Bool { hasWork && running < agent.concurrency && notBefore == nil && !isLeaving }

  /// The oldest; it is this line's no more.
  func takeFirst() -> (room: Room, fileName: String)? { waiting.popFirst() }

  /// A call was made: nothing is held for long.
  func wasDone() { busyPause = Self.shortPause }

  /// It could not be begun.
  func putBack(_ place: (room: Room, fileName: String)) { waiting = [place] + waiting }
}
