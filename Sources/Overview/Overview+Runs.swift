import Health
import Runs
import Spool
import Work

extension Overview {
  /// So many that are under way are told step by step; their queue counts all.
  private static let most = 100

  mutating func lookAtRuns(_ recent: Recent?) throws(Failure) {
    guard let queue = try look.queue(RunRequest.queueName) else { return }
    // A run moves while it is looked at: where it came from is looked at once more.
    for room in [Room.new, .run, .wait, .hold, .run, .new] {
      let places = try queue.entries(in: room).suffix(Self.most)
      // Read behind the names: who has come since holds his lock.
      let locks = LockTable()
      for place in places where document.pipelines[place.name.id.description] == nil { try add(place, queue, locks) }
    }
    for id in recent?.runs ?? [] where document.pipelines[id.description] == nil {
      guard let place = try queue.locate(guessing: id), [.done, .fail].contains(place.room) else { continue }
      try add(place, queue, LockTable())
    }
  }

  private mutating func add(_ place: Place, _ queue: Queue, _ locks: LockTable) throws(Failure) {
    do throws(Failure) {
      // Moved meanwhile, or no run.
      guard let line = try TimeLine(of: place, in: queue) else { return }
      let (light, detail) = try standing(of: line, place, queue, locks)
      document.pipelines[line.id] = StatusDocument.Pipeline(status: light, detail: detail, timeline: line)
      for asked in line.steps.flatMap(\.asked) { document.approvals[asked.id]?.run = line.id }
    } catch {
      if error.isFailedFlush { throw error }
      document.signals.append(
        StatusDocument.Trouble(
          rule: "runs", status: .red,
          what: "the run \(place.name.id.short) cannot be read: \(error.what): \(error.why)",
          advice: error.advice ?? "spool show \(place.name.id.short)"))
    }
  }

  private func standing(
    of line: TimeLine, _ place: Place, _ queue: Queue, _ locks: LockTable
  ) throws(Failure) -> (Light, String) {
    let why = line.stops.last.map { stop in stop.step.map { "step \($0): \(stop.why)" } ?? stop.why } ?? ""
    switch place.room {
    case .done: return (.green, "done after \(Duration.seconds(line.seconds).spoken)")
    case .fail: return try (queue.hasEndedAsSaid(place.name.id) ? .green : .red, why.isEmpty ? "given up" : why)
    case .hold: return (.amber, "is held until you release it: \(why.isEmpty ? line.held ?? "" : why)")
    case .wait:
      let due = try queue[.wait].status(place.fileName)?.modified ?? now
      return (.amber, (due > now ? "is tried again in \((due - now).spoken)" : "goes on at the next tick") + ": \(why)")
    default: return try underWay(line, place, queue, locks)
    }
  }

  private func underWay(
    _ line: TimeLine, _ place: Place, _ queue: Queue, _ locks: LockTable
  ) throws(Failure) -> (Light, String) {
    if place.room == .run, let status = try queue[.run].status(place.fileName), !locks.isHeld(status) {
      return (.amber, "nobody works on it: it goes on at the next tick")
    }
    let steps = line.steps.filter { $0.state == "running" }
    for asked in steps.flatMap(\.asked) where asked.verdict == "open" {
      let request = document.approvals[asked.id]
      let left = request?.secondsLeft.map { ", \(Duration.seconds($0).spoken) left" } ?? ""
      return (request?.status ?? .green, "waits for \(asked.to): \(request?.subject ?? asked.id)\(left)")
    }
    if steps.isEmpty { return (.green, place.room == .new ? "is about to begin" : "is under way") }
    return (
      .green, "step " + steps.map { "\($0.name), \(Duration.seconds($0.seconds).spoken)" }.joined(separator: "; ")
    )
  }
}

extension Queue {
  /// A person has said no to it, or has given it up: he knows.
  fileprivate func hasEndedAsSaid(_ id: EntryID) throws(Failure) -> Bool {
    if wasCancelled(id) { return true }
    return try RunState(of: id, in: self)?.halt()?.isRejection == true
  }
}
