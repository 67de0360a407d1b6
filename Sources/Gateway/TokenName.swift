import Spool

/// Under what name a token's owner calls: it stands in `From:` of the calls, and decides whose they are.
public enum TokenName {
  /// What tools write into `From:` themselves: a token of such a name would see their calls as its own.
  static let taken: Set<String> = [
    "claude-call", "deliver", "drop", "gateway", "harvest", "heartbeat", "heartbeat-guard", "job", "memory",
    "pipeline-run",
    "pipeline-step", "put", "scheduler", "spool", "telegram-relay", "wait-approval",
  ]

  static func isOne(_ text: String) -> Bool {
    (1...32).contains(text.utf8.count) && !text.hasPrefix("-")
      && text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-") }
  }

  static func check(_ text: String) throws(Failure) {
    guard isOne(text) else {
      throw Failure(.usage, "\"\(text)\"", "is no name for a token", do: "use 1 to 32 characters of a-z 0-9 -")
    }
    guard !taken.contains(text) else {
      throw Failure(.usage, "\"\(text)\"", "is a tool's name", do: "use another, such as \(text)-1")
    }
  }
}
