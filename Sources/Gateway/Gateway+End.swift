import Glibc
import Spool
import Work

extension Gateway {
  /// After it was told to stop, a slot has this long to end its program and to hand its call back.
  private static let handingBack = Duration.seconds(10)

  func heed(_ number: Int32) throws(Failure) {
    if number == SIGHUP {
      if draining != nil { return }
      do { current = try settings() } catch {
        guard error.status == .configuration else { throw error }
        return say("\(error): what was known goes on")
      }
      try load()
      return say("reloaded: \(current.slots) slots, \(lines.count) agents")
    }
    let time = draining == nil ? current.drain : .zero
    if draining == nil { say("stopping: what is being made has \(time.spoken)") }
    draining = (number, Deadline(after: time))
    // From now on callers make their own calls.
    serving.unlock()
    door?.stop(number)
  }

  /// - Returns: the signal that has ended us, once nothing is left.
  func drained() throws(Failure) -> Int32? {
    guard let draining else { return nil }
    if slots.allSatisfy({ $0.call == nil }) || isStopping && draining.until.hasPassed { return draining.signal }
    if draining.until.hasPassed {
      isStopping = true
      for slot in slots where slot.call != nil { slot.leave() }
      self.draining = (draining.signal, Deadline(after: Self.handingBack))
    }
    return nil
  }
}
