import Spool

/// What is wrong at one place of a crontab, and what was expected there.
public struct Fault: Error, Hashable, Sendable {
  public var line: Int
  /// From 1, in bytes, as compilers count them.
  public var column: Int
  public var what: String
  public var expected: String

  public init(line: Int, column: Int, what: String, expected: String) {
    self.line = line
    self.column = column
    self.what = what
    self.expected = expected
  }

  /// As editors read it, so that they can go there.
  public func description(in file: String) -> String {
    "\(file):\(line):\(column): \(what): expected \(expected)".printable
  }
}
