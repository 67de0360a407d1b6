import Calls
import Spool

/// Why a request was not granted, as its client can act on it.
struct Problem: Error, Encodable, Equatable {
  enum Code: String, Encodable {
    /// The message, or something in it, is not what it should be.
    case invalidRequest = "INVALID_REQUEST"
    case unauthorized = "UNAUTHORIZED"
    case lockedOut = "LOCKED_OUT"
    /// The token does not reach this agent.
    case forbidden = "FORBIDDEN"
    /// No such agent, or no such call of this client.
    case notFound = "NOT_FOUND"
    /// The key is another text's; or the call is under way, or over.
    case conflict = "CONFLICT"
    /// Not now: the backlog is full, or the disk is.
    case unavailable = "UNAVAILABLE"
    /// Something is wrong on this side.
    case `internal` = "INTERNAL"
  }

  var code: Code
  var message: String
  var retryable = false
  var retryAfterMs: Int?

  init(_ code: Code, _ message: String, retryAfter: Duration? = nil) {
    self.code = code
    self.message = message.printable
    retryable = retryAfter != nil
    retryAfterMs = retryAfter.map { max(1, Int($0.nanoseconds / 1_000_000)) }
  }

  /// How long to wait where nobody knows.
  private static let aWhile = Duration.seconds(30)

  init(_ error: any Error) {
    switch error {
    case let problem as Problem: self = problem
    case let failure as CallFailure:
      let wait = failure.tryAgainAt.map { max(.seconds(1), $0 - .now) } ?? Self.aWhile
      self.init(
        .unavailable, [failure.why, failure.advice].compactMap { $0 }.joined(separator: ": "), retryAfter: wait)
    case let failure as Failure:
      switch failure.status {
      case .usage, .malformed: self.init(.invalidRequest, failure.description)
      case .no: self.init(.conflict, failure.description)
      case .unavailable: self.init(.notFound, failure.description)
      case .tryAgain: self.init(.unavailable, failure.description, retryAfter: Self.aWhile)
      default: self.init(.internal, failure.description)
      }
    default: self.init(.internal, "\(error)")
    }
  }
}
