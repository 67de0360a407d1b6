import Spool

/// So many places among processes, without a daemon: each is a locked file, given back when it is freed or its process dies.
public struct Slots {
  private let directory: Directory
  private let count: Int

  public init(_ count: Int, in directory: Directory) {
    self.count = count
    self.directory = directory
  }

  /// A place, as long as this lives.
  public final class Slot {
    private let file: File
    fileprivate init(_ file: File) { self.file = file }
    deinit {
      // The time's change is the event that wakes who waits: a lock that falls makes none.
      file.unlock()
      try? file.setModified(.now)
    }
  }

  /// Waits for a place.
  /// - Returns: nil where the deadline came first.
  /// - Throws: `.signal` where we were asked to stop meanwhile.
  public func take(until deadline: Deadline?, notice: (String) -> Void) throws(Failure) -> Slot? {
    for number in 1...count { _ = try directory.openOrCreate(String(number)) }
    if let free = try free() { return free }
    let watch = Watch([directory], notice: notice)
    while deadline?.hasPassed != true {
      if let free = try free() { return free }
      // Who was killed gave its place back without an event.
      if case .signal(let number) = watch.wait(atMost: min(deadline?.remaining ?? .seconds(1), .seconds(1))) {
        throw Failure(.signal(number), "slots", "stopped while waiting for one of \(count)")
      }
    }
    return nil
  }

  private func free() throws(Failure) -> Slot? {
    for number in 1...count {
      if let file = try directory.open(String(number)), try file.tryLock() { return Slot(file) }
    }
    return nil
  }
}
