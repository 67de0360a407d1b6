import Roster
import Spool
import Work

extension Dispatcher {
  /// The way to one address, in this process.
  final class Line {
    let address: Address
    var waiting: ArraySlice<Pending> = []
    /// Claimed already: from an address that has failed for good. They go first.
    var claimed: [Flight] = []
    var isBusy = false
    /// Whether it stands in its fleet's order.
    var isListed = false
    /// Failures in a row.
    var strikes = 0
    private(set) var pause: (until: Deadline, why: Pause)?

    /// Why nothing is sent for a while.
    enum Pause {
      /// Its pace: worth waiting for.
      case pace
      /// Another process is sending to it, or an earlier message has to go before: its end is an event.
      case others
      /// It has failed, or was told to wait.
      case failure
    }

    init(_ address: Address) { self.address = address }

    var isEmpty: Bool { claimed.isEmpty && waiting.isEmpty }
    var isPaused: Bool { pause.map { !$0.until.hasPassed } ?? false }

    /// Never shortens a pause.
    func pause(for span: Duration, _ why: Pause) {
      let until = Deadline(after: max(span, .milliseconds(1)))
      if let pause, pause.until > until, isPaused { return }
      pause = (until, why)
    }

    /// Something has happened that others' pauses end with.
    func wake() { if case .others = pause?.why { pause = nil } }
  }

  /// The lines of one channel, which share its processes.
  final class Fleet {
    private var lines: [Address: Line] = [:]
    /// Those with something to send, in turn: each sends one message, and stands behind the others again.
    private var ready: ArraySlice<Line> = []
    private var paused: [Line] = []
    var pausedLines: [Line] { paused }
    var inFlight = 0
    /// Of these to lines that have failed lately.
    var probes = 0
    var idle: [ChannelProcess] = []
    var channel: Channel?
    var isKnown = false

    /// The line to an address.
    func line(_ address: Address) -> Line {
      if let line = lines[address] { return line }
      let line = Line(address)
      lines[address] = line
      return line
    }

    /// Lets a line take its turn, where it has something to send and nothing is under way in it.
    func enlist(_ line: Line) {
      guard !line.isListed, !line.isBusy, !line.isEmpty else { return }
      line.isListed = true
      if line.isPaused { paused.append(line) } else { ready.append(line) }
    }

    /// The next in turn.
    func next() -> Line? {
      while let line = ready.popFirst() {
        line.isListed = false
        if !line.isEmpty && !line.isBusy && !line.isPaused { return line }
        enlist(line)
      }
      return nil
    }

    /// Those whose pause is over come back into line.
    func resume() {
      guard paused.contains(where: { !$0.isPaused }) else { return }
      let all = paused
      paused = []
      for line in all {
        line.isListed = false
        enlist(line)
      }
    }

    /// When the first of those comes back that are worth waiting for.
    func nextTurn(waitingForOthers: Bool) -> Deadline? {
      paused.compactMap { line in
        switch line.pause?.why {
        case .pace: line.pause?.until
        case .others: waitingForOthers ? line.pause?.until : nil
        default: nil
        }
      }.min()
    }

    /// Nothing waits that is not claimed; what is ready is arranged anew.
    func clear() { for line in lines.values { line.waiting = [] } }

    /// Something has happened that may end others' pauses.
    func wake() { for line in paused { line.wake() } }

    /// What was claimed and is not under way.
    func takeClaimed() -> [Flight] {
      let listed = Array(ready) + paused
      defer { for line in listed { line.claimed = [] } }
      return listed.flatMap(\.claimed)
    }
  }
}
