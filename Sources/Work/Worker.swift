import Glibc
import Spool

/// Serves a queue: claims what is ready, oldest first, and hands each to a step; sleeps by inotify in between.
public struct Worker {
  /// What a step says when it has settled its claim.
  public enum Verdict: Equatable, Sendable {
    case goOn
    /// We were asked to stop by this signal; the claim was handed back.
    case stop(Int32)
  }

  public var queue: Queue
  /// An entry with this many attempts behind it is given up.
  public var attempts: Int
  /// Whether this worker owns the queue's `drop/`.
  public var takesDrops = true

  public init(queue: Queue, attempts: Int) {
    self.queue = queue
    self.attempts = attempts
  }

  /// Busy: somebody has the lock, who will soon be gone or have moved it.
  private static let firstLook = Duration.milliseconds(50)
  private static let looksAtBusy = 5

  /// Works off all that is ready; then returns, or waits for more.
  /// - Returns: the signal that ended it; nil where `once` was done.
  public func run(once: Bool, step: (Claim) throws(Failure) -> Verdict) throws(Failure) -> Int32? {
    Signals.catchThem()
    // The watch is there before the first scan: what lands in between is an event.
    let watch =
      once ? nil : try Watch([queue[.new], queue[.wait], queue[.drop]], notice: queue.spool.notice)
    try queue.sweep()
    var looks = 0
    var trouble: Failure?
    while true {
      if let number = Signals.pending() { return number }
      let pass = try pass(step)
      if let number = pass.signal { return number }
      if let found = pass.trouble {
        if once && trouble == nil { trouble = found } else { queue.spool.notice("\(queue.name): \(found)") }
      }
      if pass.worked {
        looks = 0
        continue
      }
      var pause = pass.nextDue
      if pass.busy {
        let again = Self.firstLook * (1 << min(looks, 6))
        pause = min(pause ?? again, again)
        looks += 1
      }
      guard let watch else {
        if !pass.busy || looks > Self.looksAtBusy {
          if let trouble { throw trouble }
          return nil
        }
        Signals.wait(atMost: pause ?? .zero)
        continue
      }
      switch watch.wait(atMost: pause) {
      case .look: break
      case .signal(let number): return number
      case .gone(let path): throw .removed(path)
      }
    }
  }

  private struct Pass {
    var worked = false
    var busy = false
    var signal: Int32?
    var nextDue: Duration?
    /// A place that was taken by another file: told at the end, by our exit.
    var trouble: Failure?
  }

  /// One sorted scan, worked off.
  private func pass(_ step: (Claim) throws(Failure) -> Verdict) throws(Failure) -> Pass {
    var pass = Pass()
    if takesDrops {
      do { pass.nextDue = try queue.takeDrops().lookAgain } catch {
        // Intake is refused, on a disk that is nearly full; what is in already is worked off all the same.
        guard error.status == .tryAgain else { throw error }
        queue.spool.notice("\(queue.name)/drop: \(error)")
        pass.nextDue = .seconds(60)
      }
    }
    let ready = try queue.ready()
    if let due = ready.nextDue { pass.nextDue = min(pass.nextDue ?? due, due) }
    for place in ready.places {
      do {
        switch try queue.claim(place.fileName, in: place.room, attempts: attempts) {
        case .claimed(let claim):
          pass.worked = true
          if case .stop(let number) = try step(claim) {
            pass.signal = number
            return pass
          }
        case .busy: pass.busy = true
        case .settled: pass.worked = true
        case .gone: break
        }
      } catch {
        // This entry's own trouble (somebody moved it, its place is taken) stops no other.
        guard [.no, .software, .notAllowed].contains(error.status) else { throw error }
        if error.status == .software && pass.trouble == nil {
          pass.trouble = error
        } else {
          queue.spool.notice("\(queue.name): \(error)")
        }
      }
      if let number = Signals.pending() {
        pass.signal = number
        return pass
      }
    }
    return pass
  }
}
