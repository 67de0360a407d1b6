import Foundation
import Spool
import Synchronization

/// Waits for a lock, and not for ever.
///
/// Its file is used by one thread after the other: the state says which.
final class LockWaiter: @unchecked Sendable {
  private enum State {
    case waiting
    case locked
    case failed(Failure)
    /// It is not wanted any more.
    case given
  }

  let file: File
  private let state = Mutex(State.waiting)
  private let isOver = DispatchSemaphore(value: 0)

  init(file: File) {
    self.file = file
    Thread.detachNewThread { [self] in take() }
  }

  private func take() {
    var end = State.locked
    do throws(Failure) { try file.lock() } catch { end = .failed(error) }
    let isLate = state.withLock { state in
      if case .given = state { return true }
      state = end
      return false
    }
    if isLate, case .locked = end { file.unlock() }
    isOver.signal()
  }

  /// - Returns: false: it was not to be had in that time.
  func wait(_ seconds: Double) throws(Failure) -> Bool {
    _ = isOver.wait(timeout: .now() + seconds)
    let end = state.withLock { state in
      let found = state
      if case .waiting = found { state = .given }
      return found
    }
    if case .failed(let failure) = end { throw failure }
    if case .locked = end { return true }
    return false
  }
}
