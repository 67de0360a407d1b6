import Spool

/// How a try to send ended, as a channel says it: by its exit and its output where it is run for one message, by `Exit:` and
/// the text of its answer where it serves many (docs/channels.md).
public enum Outcome: Equatable, Sendable {
  /// Sent; the receipt says by what this is known.
  case sent(receipt: String)
  /// Definitely not sent; worth another try, and after this time where it was told.
  case refused(String, after: Duration? = nil)
  /// Definitely not sent: nobody was reached. No fault of the message, so no attempt is counted.
  case unreachable(String)
  /// Definitely not sent, and never will be.
  case permanent(String)
  /// May have been sent.
  case ambiguous(String)
  /// We were asked to stop by this signal; it may have been sent.
  case stopped(Int32)

  /// What a channel exits with.
  public var status: ExitStatus {
    switch self {
    case .sent: .done
    case .refused: .tryAgain
    case .unreachable: .unavailable
    case .permanent: .no
    case .ambiguous, .stopped: .io
    }
  }

  /// The receipt, or the reason.
  public var text: String {
    switch self {
    case .sent(let text), .refused(let text, _), .unreachable(let text), .permanent(let text), .ambiguous(let text):
      text
    case .stopped(let number): "stopped by signal \(number) while it was being sent"
    }
  }

  public var retryAfter: Duration? { if case .refused(_, let after) = self { after } else { nil } }

  /// - Parameters:
  ///   - status: what the channel exited with.
  ///   - text: the receipt where that is 0, else the reason.
  public init(_ status: ExitStatus, _ text: String, retryAfter: Duration? = nil) {
    self =
      switch status {
      case .done: .sent(receipt: text.isEmpty ? "exit 0; the channel gave no receipt" : text)
      case .tryAgain: .refused(text, after: retryAfter)
      case .unavailable: .unreachable(text)
      case .io: .ambiguous(text)
      default: .permanent(text)
      }
  }

  /// The longest that a channel's word is obeyed: a day. What it says beyond that is no pacing, it is a mistake.
  static let longestPause = 86400

  /// The seconds of a `retry-after`.
  static func pause(_ text: some StringProtocol) -> Duration? {
    Int(text).flatMap { $0 >= 0 ? .seconds(min($0, longestPause)) : nil }
  }
}
