import CommandLine
import Spool

/// What a person at a terminal sees.
enum Terminal {
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
