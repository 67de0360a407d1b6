import Spool

/// Why a request is not answered as it would like: an HTTP status, and words.
public struct Refusal: Error {
  public var status: Int
  public var error: String
  public var advice: String?
  public var fields: [(name: String, value: String)] = []

  public init(_ status: Int, _ error: String, do advice: String? = nil) {
    self.status = status
    self.error = error
    self.advice = advice
  }

  /// What may be asked there.
  static func method(_ allowed: [String]) -> Refusal {
    var refusal = Refusal(405, "there only \(allowed.joined(separator: ", ")) may be asked")
    refusal.fields = [("Allow", allowed.joined(separator: ", "))]
    return refusal
  }

  /// For so long nobody need try again.
  static func busy(_ status: Int, _ error: String, retryAfter span: Duration) -> Refusal {
    var refusal = Refusal(status, error, do: "try again later")
    refusal.fields = [("Retry-After", String(max(1, span.nanoseconds / 1_000_000_000)))]
    return refusal
  }

  static let unknown = Refusal(404, "there is nothing there", do: "docs/dashboard.md says what there is")

  init(_ thrown: any Error) {
    switch thrown {
    case let refusal as Refusal: self = refusal
    case let failure as Failure:
      let words = "\(failure.what): \(failure.why)".printable
      switch failure.status {
      case .usage, .malformed: self.init(422, words, do: failure.advice)
      case .no, .unavailable: self.init(404, words, do: failure.advice)
      case .tryAgain:
        self = .busy(503, words, retryAfter: .seconds(5))
        advice = failure.advice ?? advice
      default: self.init(500, words, do: failure.advice)
      }
    default: self.init(500, "\(thrown)".printable)
    }
  }

  private struct Words: Encodable {
    var error: String
    var advice: String?
  }

  public var answer: Answer {
    let words = Words(error: error, advice: advice)
    let line = (try? JSONLine.encode(words)) ?? "{}"
    return .json(status, line: Array(line.utf8), fields)
  }
}
