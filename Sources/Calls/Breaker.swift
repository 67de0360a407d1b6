import Spool

/// Stops calling an agent whose calls fail one after the other, and lets one try now and then whether it works again. Shared by all
/// processes through files in `calls-AGENT/`.
struct Breaker {
  let queue: Queue

  /// Leave to call. Where it is a probe, nobody else has one while this lives.
  final class Leave {
    fileprivate let probe: File?
    fileprivate init(probe: File?) { self.probe = probe }
    var isProbe: Bool { probe != nil }
    deinit { probe?.unlock() }
  }

  /// - Throws: `.breaker` while it is open, and it is not time yet to try.
  func refuseIfOpen() throws {
    if let state = try BreakerState.read(in: queue), let opened = state.opened, !Self.isTime(opened) {
      throw Self.refusal(state, opened)
    }
  }

  /// - Throws: `.breaker` while it is open.
  func leave() throws -> Leave {
    guard let state = try BreakerState.read(in: queue), let opened = state.opened else { return Leave(probe: nil) }
    if Self.isTime(opened) {
      let probe = try queue.directory.openOrCreate("breaker.probe")
      if try probe.tryLock() { return Leave(probe: probe) }
    }
    throw Self.refusal(state, opened)
  }

  /// Opened in what is now the future: the clock was set back.
  private static func isTime(_ opened: Timestamp) -> Bool { opened + BreakerState.rest <= .now || opened > .now }

  private static func refusal(_ state: BreakerState, _ opened: Timestamp) -> CallFailure {
    CallFailure(
      .breaker, "its last \(state.failures) calls have failed (\(state.kind.rawValue): \(state.why.prefix(200)))",
      do: "mend that, or wait", at: max(opened + BreakerState.rest, .now + .seconds(1)))
  }

  func succeeded(_ leave: Leave) throws(Failure) {
    // The common case is a file that is not there.
    guard try queue.directory.contains(BreakerState.fileName) else { return }
    try exclusively { () throws(Failure) in
      let state = try BreakerState.read(in: queue)
      try queue.directory.unlink(BreakerState.fileName)
      if state?.opened != nil { queue.spool.journal.write("breaker-closed", queue: queue.name) }
    }
  }

  func failed(_ failure: CallFailure, _ leave: Leave) throws(Failure) {
    guard failure.kind.isOfTheAgent && !failure.isOwnLimit else { return }
    try exclusively { () throws(Failure) in
      var state = try BreakerState.read(in: queue) ?? BreakerState(kind: failure.kind, why: failure.why)
      let wasOpen = state.opened != nil
      state.failures += 1
      state.sameKind = state.kind == failure.kind ? state.sameKind + 1 : 1
      state.kind = failure.kind
      state.why = failure.why
      state.times = (state.times + [.now]).suffix(BreakerState.limit)
      let isStorm = state.times.count == BreakerState.limit && state.times.last! - state.times[0] <= BreakerState.window
      // A probe that fails says that it is as it was.
      if isStorm || leave.isProbe { state.opened = .now }
      try state.write(in: queue)
      if state.opened != nil && !wasOpen {
        queue.spool.journal.write("breaker-open", queue: queue.name, detail: failure.description)
      }
    }
  }

  private func exclusively(_ change: () throws(Failure) -> Void) throws(Failure) {
    let lock = try queue.directory.openOrCreate("breaker.lock")
    try lock.lock()
    defer { lock.unlock() }
    try change()
  }
}
