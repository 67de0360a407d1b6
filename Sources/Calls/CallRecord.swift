import Spool

/// What is on record of a call.
public enum CallRecord: Sendable {
  /// Nothing yet: it waits, or is made.
  case open
  /// Its reply: the text, and a header with its cost, tokens and time.
  case reply(Entry)
  case failed(CallFailure)
  /// A person holds it, and may release it: who can wait for that waits.
  case held(CallFailure)

  public static func read(_ id: EntryID, in queue: Queue) throws(Failure) -> CallRecord {
    guard let place = try queue.locate(id) else {
      return .failed(CallFailure(.invalid, "its record was removed", do: "call with another --key"))
    }
    switch place.room {
    case .done:
      // A worker that was killed between done/ and re/ left the reply in out/.
      if try queue.response(id) == nil { try queue.sweep() }
      // Looked at before the reply itself: what is not in out/ any more has been handed over.
      let isOnItsWay = try queue[.out].contains(id.description)
      if let record = try queue.response(id) { return .reply(record) }
      if isOnItsWay { return .open }
      return .failed(CallFailure(.invalid, "its reply was removed", do: "call with another --key"))
    case .fail: return .failed(.recalled(queue.lastWord(id) ?? "failed"))
    case .bad:
      return .failed(CallFailure(.invalid, "its entry lies in \(queue.name)/bad/", do: "spool show \(id)"))
    case .hold: return .held(CallFailure(.refused, "it is held", do: "spool release \(id)"))
    default: return .open
    }
  }
}

extension CallFailure {
  /// A failure as its record's last line tells it: `TIME TOOL: attempt N: CLASS: WHY`.
  static func recalled(_ words: String) -> CallFailure {
    let parts = words.split(separator: ": ", maxSplits: 3).map(String.init)
    if parts.count == 4, let kind = Class(rawValue: parts[2]) {
      let again = parts[3].firstMatch(of: /try again at (\S+Z)/).flatMap { Timestamp(rfc3339: String($0.1)) }
      return CallFailure(kind, parts[3], at: again)
    }
    if let found = words.firstMatch(of: /: expired at \S+/) {
      return CallFailure(.timeout, String(found.0.dropFirst(2)))
    }
    return CallFailure(.refused, words)
  }
}
