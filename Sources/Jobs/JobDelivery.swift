import Deliveries
import Spool

/// What became of what a run had to say: told apart from how it ended.
public enum JobDelivery: Equatable, Sendable {
  /// There is a receipt for all of it.
  case delivered
  /// It was to be delivered, and there was nothing to say.
  case silent
  /// Nothing was to be delivered.
  case notRequested
  case failed(String)
  /// Pending, in doubt, or nobody saw whether it was handed over.
  case unknown(String)

  public var word: String {
    switch self {
    case .delivered: "delivered"
    case .silent: "silent"
    case .notRequested: "not-requested"
    case .failed: "failed"
    case .unknown: "unknown"
    }
  }

  public var detail: String? {
    switch self {
    case .failed(let why), .unknown(let why): why
    default: nil
    }
  }

  /// `delivered`; `unknown, pending`: as headers say it.
  public var description: String { detail.map { "\(word), \($0)" } ?? word }

  public init?(_ text: String) {
    let word = text.prefix { $0 != "," }
    let detail = String(text.dropFirst(word.count + 1).drop { $0 == " " })
    switch word {
    case "delivered": self = .delivered
    case "silent": self = .silent
    case "not-requested": self = .notRequested
    case "failed": self = .failed(detail)
    case "unknown": self = .unknown(detail)
    default: return nil
    }
  }

  /// Of several the one that a person must know of first.
  var rank: Int {
    switch self {
    case .notRequested: 0
    case .silent: 1
    case .delivered: 2
    case .unknown: 3
    case .failed: 4
    }
  }

  static let forgotten = "its record is gone"

  /// What is known of one by now.
  static func now(of id: EntryID, in queue: Queue) throws(Failure) -> JobDelivery {
    guard let place = try queue.locate(unlisted: id) else { return .unknown(forgotten) }
    switch place.room {
    case .done: return .delivered
    case .fail, .bad: return .failed(queue.lastReason(id) ?? "given up")
    default: return .unknown(place.name.inDoubt ? "in doubt" : "pending")
    }
  }

  /// What is known of these by now.
  static func now(of ids: [EntryID], in spool: SpoolDirectory) throws(Failure) -> JobDelivery {
    var worst = JobDelivery.notRequested
    if ids.isEmpty { return worst }
    guard try spool.root.contains(Delivery.queueName) else { return .unknown(forgotten) }
    let queue = try spool.queue(Delivery.queueName)
    for id in ids {
      let state = try now(of: id, in: queue)
      if state.rank > worst.rank { worst = state }
    }
    return worst
  }
}
