import Spool

/// What becomes of times that were missed: `CATCH_UP=skip`, `once [MAX-AGE]`, `all MAX-AGE`.
public struct CatchUp: Hashable, Sendable {
  public enum Kind: String, Sendable, CaseIterable { case skip, once, all }
  public var kind = Kind.skip
  /// What was missed longer ago is not made up for; nil: however long ago.
  public var maximumAge: Duration?

  static let skip = CatchUp()

  /// - Parameters:
  ///   - column: where the value begins.
  init(_ value: String, line: Int, column: Int) throws(Fault) {
    let words = value.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
    guard let kind = words.first.flatMap({ Kind(rawValue: $0) }) else {
      throw Fault(
        line: line, column: column, what: "\"\(words.first ?? "")\" is no way to catch up",
        expected: "skip, once or all")
    }
    self.kind = kind
    if kind == .all && words.count == 1 {
      throw Fault(line: line, column: column, what: "all without an end", expected: "all MAX-AGE, such as all 2d")
    }
    if words.count == 1 { return }
    guard words.count == 2, kind != .skip, let age = Duration(words[1]), age >= .seconds(1) else {
      throw Fault(
        line: line, column: column, what: "\"\(words.dropFirst().joined(separator: " "))\" behind \(kind.rawValue)",
        expected: kind == .skip ? "nothing" : "a span such as 2h or 3d")
    }
    maximumAge = age
  }

  private init() {}
}
