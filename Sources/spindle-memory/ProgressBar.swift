import CommandLine
import Glibc
import Spool

/// How far a long harvest is, on a terminal.
final class ProgressBar {
  private let total: Int
  private var done = 0
  private let began = Kernel.uptime()
  private var shown: Int64 = 0

  /// Below this nobody needs one: it is read in a blink.
  private static let least = 32 << 20

  static var isSeen: Bool { isatty(STDERR_FILENO) == 1 && Style.wantsColour }

  /// - Parameter total: in bytes.
  /// - Returns: nil where it takes no time.
  init?(total: Int) {
    if total < Self.least { return nil }
    self.total = total
  }

  deinit { clear() }

  func advance(_ bytes: Int) {
    done += bytes
    let now = Kernel.uptime()
    guard now - shown > 100_000_000 else { return }
    shown = now
    let seconds = Double(now - began) / 1e9
    let rate = Double(done) / max(seconds, 0.001)
    let share = min(1, Double(done) / Double(total))
    let filled = Int(share * 30)
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled)
    let rest = Int(Double(max(0, total - done)) / max(rate, 1)) + 1
    complain(
      bytes: Array(
        "\r[\(bar)] \(Int(share * 100)) %  \(done >> 20) of \(total >> 20) MB, \(Int(rate) >> 20) MB/s, \(rest) s left \u{1B}[K"
          .utf8))
  }

  private func clear() { if shown > 0 { complain(bytes: Array("\r\u{1B}[K".utf8)) } }
}
