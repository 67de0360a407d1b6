import Roster
import Spool
import Work

/// Carries deliveries out: one at once, all that are due, or each as it lands.
public struct Courier {
  public var spool: SpoolDirectory
  /// Where the installed channels lie, and our own executable, which is the built-in ones.
  public var installedChannels: String?
  public var executable: String?
  /// Told of each delivery that was sent.
  public var onSent: (EntryID, Address) -> Void = { _, _ in }
  /// Whether `found` and `onSent` are told of what is new as well, rather than only of what somebody has tried or left lying.
  public var tellsOfNew = true
  /// Told what a channel said of a delivery that it has sent all the same.
  public var onWords: (EntryID, String) -> Void = { _, _ in }

  public init(spool: SpoolDirectory, installedChannels: String?, executable: String?) {
    self.spool = spool
    self.installedChannels = installedChannels
    self.executable = executable
  }

  public func queue() throws(Failure) -> Queue { try spool.queue(Delivery.queueName, making: true) }

  /// Sends one delivery at once, and what alerts come of it.
  /// - Parameter patience: how long it may wait for its turn, where its address has a pace or others send to it.
  /// - Returns: the signal that ended it.
  public func send(_ id: EntryID, patience: Duration) throws(Failure) -> Int32? {
    Signals.catchThem()
    let dispatcher = try Dispatcher(self, isSingle: true, patience: [.pace, .others])
    let end = Deadline(after: patience)
    var watch: Watch?
    var ids = [id]
    while !ids.isEmpty {
      var places: [Place] = []
      for id in ids { if let place = try dispatcher.queue.locate(id) { places.append(place) } }
      dispatcher.alerts = []
      try dispatcher.arrange(places.filter { [.new, .wait, .run].contains($0.room) })
      try fly(dispatcher, until: end) { () throws(Failure) -> Watch? in
        if let watch { return watch }
        // What ends others' turns: subscribed to before it is looked at again.
        watch = try Watch([dispatcher.lanes.directory], notice: spool.notice)
        return nil
      }
      try dispatcher.explainWaiting()
      if dispatcher.stopped != nil { break }
      ids = dispatcher.alerts
    }
    return try close(dispatcher)
  }

  /// Everything that is due, oldest first in each line.
  /// - Parameters:
  ///   - limit: nothing is begun after this time; nil: until all is done, which takes as long as the pace of its addresses.
  ///   - found: told how many there are, if there are any.
  /// - Returns: the signal that ended it; nil where all was tried.
  public func recover(limit: Duration? = nil, found: (Int) -> Void) throws(Failure) -> Int32? {
    Signals.catchThem()
    // Who has a limit comes again soon; others wait for those who send to the same address at this moment.
    let dispatcher = try Dispatcher(self, isSingle: false, patience: limit == nil ? [.pace, .others] : [.pace])
    let end = limit.map { Deadline(after: $0) }
    try dispatcher.queue.sweep()
    var isFirst = true
    repeat {
      _ = try takeDrops(dispatcher)
      let places = try dispatcher.ready().places
      let count = isFirst ? places.count { dispatcher.isToldOf($0.name) } : 0
      if count > 0 { found(count) }
      isFirst = false
      dispatcher.alerts = []
      try dispatcher.arrange(places)
      try fly(dispatcher, until: end) { nil }
      // An alert of this round is a delivery of the next.
    } while dispatcher.stopped == nil && !dispatcher.alerts.isEmpty
    return try close(dispatcher)
  }

  /// A turn that is further off than this is left to the next round, as what waits in wait/ is.
  private static let longestTurn = Duration.seconds(60)

  /// Sends what is in line, until there is nothing more that may be begun before `end`.
  /// - Parameter watch: asked before it waits for a turn; nil the first time: it looks again then.
  private func fly(
    _ dispatcher: Dispatcher, until end: Deadline?, _ watch: () throws(Failure) -> Watch?
  ) throws(Failure) {
    while true {
      let isOver = end?.hasPassed ?? false
      let turn: Deadline?
      do { turn = isOver ? nil : try dispatcher.start() } catch { throw try land(dispatcher, before: error) }
      if dispatcher.flights.isEmpty {
        guard dispatcher.stopped == nil, let turn else { return }
        if turn > end ?? Deadline(after: Self.longestTurn) { return }
        let watch = dispatcher.isSingle ? try watch() : nil
        let wasThere = watch != nil || !dispatcher.isSingle
        try dispatcher.wait(atMost: wasThere ? min(turn, end ?? turn).remaining : .zero, watch: watch)
        for fleet in dispatcher.fleets.values { fleet.wake() }
      } else {
        do { try dispatcher.wait(atMost: turn?.remaining, watch: nil) } catch {
          throw try land(dispatcher, before: error)
        }
      }
    }
  }

  /// What concerns all ends the round; but what is under way is not left in doubt for that.
  private func land(_ dispatcher: Dispatcher, before failure: Failure) throws(Failure) -> Failure {
    // After a failed fsync nothing more is touched.
    if failure.isFailedFlush { return failure }
    while !dispatcher.flights.isEmpty {
      do { try dispatcher.wait(atMost: nil, watch: nil) } catch { if error.isFailedFlush { return error } }
    }
    try? dispatcher.handBack()
    return failure
  }

  private func close(_ dispatcher: Dispatcher) throws(Failure) -> Int32? {
    try dispatcher.handBack()
    try dispatcher.endSessions()
    if let trouble = dispatcher.trouble { throw trouble }
    return dispatcher.stopped
  }

  /// Resident: sends what lands, as it lands.
  /// - Parameter found: told how many there are at the beginning, if there are any.
  /// - Returns: the signal that ended it.
  public func watch(found: (Int) -> Void = { _ in }) throws(Failure) -> Int32? {
    Signals.catchThem()
    let pulse = try Pulse("deliver", in: spool)
    let number = try watch(pulse, found)
    pulse.end()
    return number
  }

  private func watch(_ pulse: Pulse, _ found: (Int) -> Void) throws(Failure) -> Int32? {
    let dispatcher = try Dispatcher(self, isSingle: false, patience: [.pace, .others, .failure])
    let queue = dispatcher.queue
    // The watch is there before the first scan: what lands in between is an event.
    // A lane's end may be what an ordered one waits for.
    let watch = try Watch(
      [queue[.new], queue[.wait], queue[.drop], dispatcher.lanes.directory], notice: spool.notice)
    try queue.sweep()
    var isFirst = true
    while true {
      let begun = Kernel.uptime()
      watch.hasFired = false
      var pause = try takeDrops(dispatcher)
      let ready = try dispatcher.ready()
      if let due = ready.nextDue { pause = min(pause ?? due, due) }
      if isFirst && !ready.places.isEmpty { found(ready.places.count) }
      isFirst = false
      dispatcher.forgetChannels()
      try dispatcher.arrange(ready.places)
      // A scan costs what the queue is deep: it takes at most a tenth of the time, however much lands.
      let soonest = Deadline(after: .nanoseconds(9 * (Kernel.uptime() - begun)))
      let latest = max(soonest, Deadline(after: min(pause ?? .seconds(60), .seconds(60))))
      while !latest.hasPassed && !(watch.hasFired && soonest.hasPassed) {
        pulse.beat()
        do throws(Failure) {
          let turn = try dispatcher.start()
          if dispatcher.stopped != nil && dispatcher.flights.isEmpty { return try close(dispatcher) }
          let next = watch.hasFired ? min(soonest, latest) : latest
          try dispatcher.wait(atMost: min(turn ?? next, next).remaining, watch: watch)
        } catch { throw try land(dispatcher, before: error) }
      }
    }
  }

  /// - Returns: when to look again at what may still be being written.
  private func takeDrops(_ dispatcher: Dispatcher) throws(Failure) -> Duration? {
    do { return try dispatcher.queue.takeDrops().lookAgain } catch {
      // Intake is refused, on a disk that is nearly full; what is in already is worked off all the same.
      guard error.status == .tryAgain else { throw error }
      spool.notice("\(dispatcher.queue.name)/drop: \(error)")
      return .seconds(60)
    }
  }
}
