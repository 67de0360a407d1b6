import CommandLine
import Glibc
import Runs
import Spool
import Work

/// `pipeline-run --undo`: what a run has done is undone, wherever it stands, and also where it has ended well.
struct RunUndo {
  var keeper: RunKeeper
  var isQuiet: Bool

  /// - Parameter key: where it is named by that: a run that was never begun under it is undone.
  func run(_ reference: String?, key: String?) throws {
    guard let id = try key.map({ try keeper.queue.known(key: $0) }) ?? named(reference) else { return }
    while true {
      guard let place = try keeper.queue.locate(id) else {
        throw Failure(.no, id.description, "its record was removed")
      }
      switch place.room {
      case .done:
        if try end(keeper.undoDone(place), id) { return }
      case .fail, .bad:
        guard let left = try keeper.leftUndone(place) else { return }
        throw Failure(.no, id.description, "was given up, and \(left) was not undone", do: "undo that by hand")
      default:
        switch try keeper.cancel(place, by: "pipeline-run --undo") {
        case .ending(let pid):
          kill(pid, SIGTERM)
          try awaitOthers(id)
        case .underWay: try awaitOthers(id)
        case .givenUp: continue
        case .mine:
          if case .claimed(let claim) = try keeper.queue.claim(id) {
            if try end(keeper.goOn(claim), id) { return }
          } else {
            try awaitOthers(id)
          }
        }
      }
    }
  }

  private func named(_ reference: String?) throws -> EntryID? {
    guard let reference else { return nil }
    let found = try keeper.queue.spool.find(reference).first { $0.queue.name == RunRequest.queueName }
    guard let found else {
      throw Failure(.no, reference, "no run is called that", do: "spool ls runs --all shows them")
    }
    return found.place.name.id
  }

  private func end(_ ending: RunKeeper.Ending, _ id: EntryID) throws -> Bool {
    switch ending {
    case .failed, .done: return true
    case .held(let halt):
      throw Failure(.unavailable, id.description, halt.spoken, do: "mend it, and try again: spool show \(id.short)")
    case .stopped(let number): throw Exit(.signal(number))
    case .waiting: return false
    }
  }

  /// Another process works on it, and ends it.
  private func awaitOthers(_ id: EntryID) throws {
    Signals.wait(atMost: .milliseconds(50))
    if let number = Signals.pending() { throw Exit(.signal(number)) }
  }
}
