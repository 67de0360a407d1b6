import Spool
import Work

/// A place among the steps of a run that may run at once (`--max-parallel`); given back when its process ends.
struct StepSlot {
  private let file: File

  /// Waits for one.
  /// - Returns: nil where their number is not limited.
  init?(of state: RunState) throws(Failure) {
    let environment = inheritedEnvironment()
    // A step in a step has its outer one's place.
    guard environment["SPINDLE_STEP"] == nil, let word = environment["SPINDLE_MAX_PARALLEL"], let count = Int(word),
      count >= 1
    else { return nil }
    let slots = try Directory.making("slots", in: state.directory)
    for number in 1...count { _ = try slots.openOrCreate(String(number)) }
    if let free = try Self.free(count, in: slots) {
      file = free
      return
    }
    let watch = Watch([slots], notice: state.queue.spool.notice)
    while true {
      if let free = try Self.free(count, in: slots) {
        file = free
        return
      }
      // Who was killed gave its place back without an event.
      if case .signal(let number) = watch.wait(atMost: .seconds(1)) {
        throw Failure(.signal(number), "slots", "stopped while waiting for one of \(count)")
      }
    }
  }

  private static func free(_ count: Int, in slots: Directory) throws(Failure) -> File? {
    for number in 1...count { if let file = try slots.open(String(number)), try file.tryLock() { return file } }
    return nil
  }

  /// The time's change is the event that wakes who waits: a lock that falls makes none.
  func giveBack() {
    file.unlock()
    try? file.setModified(.now)
  }
}
