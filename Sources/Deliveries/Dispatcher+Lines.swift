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
    /// Failures in a row, also those that other processes have met.
    var strikes = 0
    /// Whether those of others were asked for.
    var isKnown = false
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
    var firstWaiting: Pending? { ready.lazy.compactMap(\.waiting.first).first }
    /// When each that is under way began.
    private var began: [ObjectIdentifier: Deadline] = [:]
    /// Of these to lines that have failed lately.
    var probes = 0
    var idle: [ChannelProcess] = []
    var channel: Channel?
    var isKnown = false

    /// Whether one more may be begun beside what is under way.
    func hasRoom(_ width: Int, stalled: Duration, _ most: Int) -> Bool {
      if began.count < width { return true }
      let past = Deadline(after: .zero - stalled)
      return began.count < most && began.values.reduce(0) { $0 + ($1 > past ? 1 : 0) } < width
    }

    /// Somebody could be begun if there were room.
    func isCrowded(_ width: Int) -> Bool { began.count >= width && !ready.isEmpty }

    func began(_ flight: Flight) { began[ObjectIdentifier(flight)] = Deadline(after: .zero) }
    func ended(_ flight: Flight) { began[ObjectIdentifier(flight)] = nil }

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

    /// The next in turn. Where more is under way than there are places, some of it stalls, and who is next in turn may stall as
    /// well: then every other place goes to the youngest line.
    func next(_ width: Int) -> Line? {
      while !ready.isEmpty {
        isYoungestsTurn = began.count >= width && !isYoungestsTurn
        let line = isYoungestsTurn ? ready.removeLast() : ready.removeFirst()
        line.isListed = false
        if !line.isEmpty && !line.isBusy && !line.isPaused { return line }
        enlist(line)
      }
      return nil
    }
    private var isYoungestsTurn = false

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

    /// When the first of those comes back that pause for one of these reasons.
    func nextTurn(_ reasons: Set<Line.Pause>) -> Deadline? {
      paused.compactMap { line in line.pause.flatMap { reasons.contains($0.why) ? $0.until : nil } }.min()
    }

    /// Nothing waits that is not claimed; what is ready is arranged anew.
    func clear() {
      for line in lines.values { line.waiting = [] }
      lines = lines.filter { $0.value.isListed || $0.value.isBusy || $0.value.isPaused || $0.value.strikes > 0 }
    }

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
