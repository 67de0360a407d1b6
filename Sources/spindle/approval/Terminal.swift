import CommandLine
import Glibc
import Spool

/// What a person at a terminal sees.
enum Terminal {
  /// Whether we are in the foreground of one: behind an `&` a line that is drawn again and again would run through what is typed.
  static var isOurs: Bool { isatty(STDERR_FILENO) == 1 && tcgetpgrp(STDERR_FILENO) == getpgrp() }

  static func write(_ text: String) { complain(bytes: Array(text.utf8)) }

  /// Bytes of a request that are shown.
  private static let most = 20_000

  /// What is asked, and whether that was all.
  @discardableResult
  static func show(_ text: [UInt8], of id: EntryID) -> Bool {
    let shown = String(decoding: text.prefix(most), as: UTF8.self).printableLines
    complain(shown.hasSuffix("\n") ? String(shown.dropLast()) : shown)
    if text.count <= most { return true }
    complain("... and \(text.count - most) bytes more: spool show --body \(id.short)")
    return false
  }
}
