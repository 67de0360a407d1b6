import CommandLine
import Glibc
import Runs
import Spool
import Work

/// `spool cancel RUN`: it is ended, and what it did is undone; comes back when that is over.
struct RunCancel {
  var keeper: RunKeeper

  func run(_ place: Place) throws {
    Signals.catchThem()
    let id = place.name.id
    let who = "user \(getuid())"
    var place = place
    while true {
      switch try keeper.cancel(place, by: who, givesUp: true) {
      case .givenUp: return
      case .underWay: break
      case .ending(let pid): kill(pid, SIGTERM)
      case .mine:
        if case .claimed(let claim) = try keeper.claimToUndo(id),
          case .stopped(let number) = try keeper.goOn(claim, cancelledBy: who)
        {
          throw Exit(.signal(number))
        }
      }
      keeper.sendAlerts()
      guard let now = try keeper.queue.locate(id) else { return }
      switch now.room {
      case .fail: return
      case .done:
        try keeper.forgetCancel(id)
        throw Failure(
          .no, id.description, "had ended by then", do: "pipeline-run --undo \(id.short) undoes what it did")
      case .hold where try keeper.isStuck(id):
        throw Failure(
          .no, id.description, keeper.queue.lastReason(id) ?? "could not be undone", do: "spool show \(id.short)")
      default: place = now
      }
      Signals.wait(atMost: .milliseconds(50))
      if let number = Signals.pending() { throw Exit(.signal(number)) }
    }
  }
}

/// `pipeline-run --undo`: what a run has done is undone, wherever it stands, and also where it has ended well.
struct RunUndo {
  var keeper: RunKeeper

  private static let who = "pipeline-run --undo"

  /// - Parameter key: where it is named by that: a run that was never begun under it is undone.
  func run(_ reference: String?, key: String?) throws {
    guard
      let id = try key.map({ try keeper.queue.known(key: $0) }) ?? reference.map({ try keeper.find($0).place.name.id })
    else { return }
    while true {
      // Who began it may have been killed before it was in new/.
      if try keeper.queue.locate(id) == nil { try keeper.queue.sweepKeys() }
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
        switch try keeper.cancel(place, by: Self.who, givesUp: false) {
        case .ending(let pid):
          kill(pid, SIGTERM)
          try awaitOthers(id)
        case .underWay: try awaitOthers(id)
        case .givenUp: continue
        case .mine:
          if case .claimed(let claim) = try keeper.claimToUndo(id) {
            if try end(keeper.goOn(claim, cancelledBy: Self.who), id) { return }
          } else {
            try awaitOthers(id)
          }
        }
      }
    }
  }

  private func end(_ ending: RunKeeper.Ending, _ id: EntryID) throws -> Bool {
    keeper.sendAlerts()
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
