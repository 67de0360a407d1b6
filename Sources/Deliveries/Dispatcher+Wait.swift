import Glibc
import Spool
import Work

extension Dispatcher {
  /// A session that has had nothing to do for so long is ended.
  private static let idleTime = Duration.seconds(30)

  /// Waits until something has happened, and settles what is over.
  /// - Parameter limit: at most this long; nil: as long as it takes.
  func wait(atMost limit: Duration?, watch: Watch?) throws(Failure) {
    let processes = flights.compactMap(\.process) + fleets.values.flatMap(\.idle) + leaving
    var pause = limit
    for due in processes.compactMap(\.due) { pause = min(pause ?? due.remaining, due.remaining) }
    if fleets.values.contains(where: { !$0.idle.isEmpty }) {
      pause = min(pause ?? sessionsDue.remaining, sessionsDue.remaining)
    }
    // Then what is under way has stalled, and makes room.
    if fleets.values.contains(where: { $0.isCrowded(Self.width) }) { pause = min(pause ?? Self.stalled, Self.stalled) }
    let parts = processes.map(\.polled)
    var polled = Array(parts.joined())
    // What the simulated machine ran has ended already.
    if Kernel.standIn == nil || processes.isEmpty {
      if let watch {
        switch watch.wait(atMost: pause, or: &polled) {
        case .look: break
        case .signal(let number): stop(number)
        case .gone(let path): throw .removed(path)
        }
      } else {
        Signals.wait(atMost: pause, or: &polled)
      }
    }
    _ = askedToStop()
    var start = 0
    for (process, part) in zip(processes, parts) {
      let outcome = process.attend(polled[start..<(start + part.count)])
      start += part.count
      if let outcome, let flight = flights.first(where: { $0.process === process }) {
        try land(flight, process, outcome)
      }
    }
    dismissIdle()
  }

  /// Whether a signal has asked us to stop: then everything under way is ended, to be handed back.
  func askedToStop() -> Bool {
    if stopped == nil, let number = Signals.pending() { stop(number) }
    return stopped != nil
  }

  private func stop(_ number: Int32) {
    guard stopped == nil else { return }
    stopped = number
    for flight in flights { flight.process?.stop(number) }
  }

  private func land(_ flight: Flight, _ process: ChannelProcess, _ outcome: Outcome) throws(Failure) {
    let said = process.takeError()
    if !said.isEmpty { queue.log(flight.claim.id, said.hasSuffix("\n") ? said : said + "\n") }
    if outcome.status == .done && !said.isEmpty { courier.onWords(flight.claim.id, said) }
    if process.wasNotRead && !flight.wasGivenAgain && stopped == nil, try giveAgain(flight) { return }
    flights.removeAll { $0 === flight }
    flight.process = nil
    let fleet = fleet(flight.address.channel)
    fleet.ended(flight)
    if flight.isProbe { fleet.probes -= 1 }
    if process.isReady {
      fleet.idle.append(process)
      sessionsDue = Deadline(after: Self.idleTime)
    } else if process.isSession && !process.hasEnded {
      process.dismiss()
      leaving.append(process)
    }
    // What ended for we ended it is no fault of the channel's.
    if process.wasNotRead, stopped != nil {
      return try handBackUnsent(flight, "asked to stop before it was sent", for: .zero)
    }
    if case .ambiguous = outcome, let stopped { return try settle(flight, .stopped(stopped)) }
    try settle(flight, outcome)
  }

  /// A session had ended before it read the message: another one gets it.
  private func giveAgain(_ flight: Flight) throws(Failure) -> Bool {
    flight.wasGivenAgain = true
    guard let channel = flight.channel, let process = try? newSession(channel) else { return false }
    let deadline = Deadline.within(Channel.timeout)
    try flight.claim.setDeathTimer(deadline.remaining)
    process.give(flight.message(for: channel), until: deadline)
    flight.process = process
    return true
  }

  /// No more sessions: those that are idle end by the end of their input.
  func endSessions() throws(Failure) {
    sessionsDue = Deadline(after: .zero)
    dismissIdle()
    let end = Deadline(after: .seconds(5))
    while !leaving.isEmpty && !end.hasPassed { try wait(atMost: end.remaining, watch: nil) }
  }

  private func dismissIdle() {
    leaving.removeAll(where: \.hasEnded)
    for fleet in fleets.values {
      fleet.idle.removeAll(where: \.hasEnded)
      guard sessionsDue.hasPassed else { continue }
      for process in fleet.idle { process.dismiss() }
      leaving += fleet.idle
      fleet.idle = []
    }
  }
}
