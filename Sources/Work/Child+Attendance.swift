import CLinux
import Glibc
import Spool

extension Child {
  /// A child that is looked after, alone or together with others: what to poll for, and what to do about what poll(2) says.
  public final class Attendance {
    private let child: Child
    /// When it is ended; nil: never.
    public private(set) var due: Deadline?
    private let wholeTree: Bool
    private let patience: Duration
    private let onOutput: (ArraySlice<UInt8>) -> Appetite
    private let onError: (ArraySlice<UInt8>) -> Void
    private var outcome = Outcome(end: .exited(0))
    private var isTerminated = false
    private var buffer = [UInt8](repeating: 0, count: 65536)

    /// - Parameters: those of `Child.run`.
    public init(
      _ child: Child, until due: Deadline?, wholeTree: Bool = false, patience: Duration = .seconds(5),
      onOutput: @escaping (ArraySlice<UInt8>) -> Appetite, onError: @escaping (ArraySlice<UInt8>) -> Void
    ) {
      if wholeTree { _ = clinux_become_subreaper() }
      self.child = child
      self.due = due
      self.wholeTree = wholeTree
      self.patience = patience
      self.onOutput = onOutput
      self.onError = onError
    }

    public var polled: [pollfd] {
      [child.output, child.error, child.pidDescriptor].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    }

    public var isStopping: Bool { outcome.stoppedBy != nil }

    /// We were asked to stop by this signal: it is ended.
    public func stop(_ number: Int32) {
      outcome.stoppedBy = number
      due = Deadline(after: .zero)
    }

    /// From now on it has until then.
    public func setDue(_ due: Deadline?) { if !isTerminated { self.due = due } }

    /// - Parameter polled: what was asked for, as poll(2) left it.
    /// - Returns: how it ended, once it has.
    public func attend(_ polled: ArraySlice<pollfd>) -> Outcome? {
      let events = polled.map(\.revents)
      if events[0] != 0 { readOutput() }
      if events[1] != 0 { readError() }
      if events[2] != 0 { return end() }
      guard let due, due.hasPassed else { return nil }
      if !isTerminated {
        isTerminated = true
        if outcome.stoppedBy == nil && !outcome.dismissed { outcome.timedOut = true }
        kill(-child.process, SIGTERM)
        self.due = Deadline(after: Child.grace)
      } else {
        kill(-child.process, SIGKILL)
        self.due = Deadline(after: .seconds(1))
      }
      return nil
    }

    /// It has ended, and what it wrote is in the pipes; what a grandchild may still write is not waited for.
    private func end() -> Outcome {
      readOutput()
      readError()
      if isTerminated ? !child.leavesOthersWhenStopped : !child.leavesOthers { kill(-child.process, SIGKILL) }
      if wholeTree { Child.killDescendants(but: child.process) }
      outcome.end = Child.reap(child.process)
      return outcome
    }

    private func readOutput() {
      while let piece = Child.read(&child.output, &buffer) {
        if onOutput(piece) == .enough && !outcome.dismissed {
          outcome.dismissed = true
          let soon = Deadline(after: patience)
          due = due.map { min($0, soon) } ?? soon
        }
        if piece.count < buffer.count { break }
      }
    }

    private func readError() {
      while let piece = Child.read(&child.error, &buffer) {
        onError(piece)
        if piece.count < buffer.count { break }
      }
    }
  }
}
