import CommandLine
import Glibc
import Overview
import Spool
import Work

/// The screen again and again: at once when something happens, a few times a second at most, and now and then for the ages.
struct StatusWatch {
  let spool: SpoolDirectory
  let all: Bool

  /// No person reads faster.
  private static let pause = Duration.milliseconds(250)
  /// A spool whose queues are very deep is looked at for a tenth of the time at most.
  private static let share = 10
  /// Ages go on though nothing happens.
  private static let longest = Duration.seconds(5)

  func run() throws {
    guard isatty(STDOUT_FILENO) == 1 else {
      throw Failure(
        .usage, "--watch", "draws on a terminal, and this is none", do: "spool status --json, or spool tail")
    }
    Signals.catchThem()
    // A story of every change: what changes nothing else writes a line there.
    let watch = Watch([try spool.directory("journal")], notice: { _ in }, events: .writes)
    // A screen of its own, and back to what was there before.
    output("\u{1B}[?1049h\u{1B}[?25l", terminator: "")
    defer { output("\u{1B}[?25h\u{1B}[?1049l", terminator: "") }
    while true {
      let begun = Kernel.uptime()
      try draw()
      let drawn = Deadline(after: max(Self.pause, .nanoseconds(Kernel.uptime() - begun) * (Self.share - 1)))
      switch watch.wait(atMost: Self.longest) {
      case .look: break
      case .signal: return
      case .gone(let path): throw Failure.removed(path)
      }
      if !drawn.hasPassed {
        Signals.wait(atMost: drawn.remaining)
        if Signals.pending() != nil { return }
      }
    }
  }

  private func draw() throws {
    let document = try Overview.document(of: spool, environment: inheritedEnvironment())
    var style = Style.output
    style.width = Style.width(of: STDOUT_FILENO)
    var lines = StatusScreen(document, style, all: all).text.split(separator: "\n", omittingEmptySubsequences: false)
    let height = max(5, Style.height(of: STDOUT_FILENO))
    if lines.count > height {
      let hidden = lines.count - height + 1
      lines = lines.prefix(height - 1) + ["\(style.dim("… \(hidden) more lines: make the window higher"))"]
    }
    // Each line over the old one, its rest cleared: nothing flickers.
    output("\u{1B}[H" + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\n") + "\u{1B}[J", terminator: "")
  }
}
