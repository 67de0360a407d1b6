import Work

/// What goes wrong again and again: it is said once, and tried again less and less often.
struct Trouble {
  enum Kind: Equatable {
    /// The network, or Telegram.
    case failing
    /// Somebody else polls this bot, or has set a webhook.
    case conflict
    /// Telegram has said when to come again.
    case throttled
    /// What was got cannot be kept here.
    case intake
  }

  private(set) var kind: Kind?
  private var pause = Duration.zero

  static let longest = Duration.seconds(60)

  /// - Parameter first: the pause after the first time; it is doubled with each, up to a minute.
  /// - Returns: when to try again, and whether this is news.
  mutating func add(_ kind: Kind, first: Duration = .seconds(1)) -> (due: Deadline, isNew: Bool) {
    let isNew = self.kind != kind
    self.kind = kind
    pause = min(max(pause * 2, first), Self.longest)
    // What many were cut off from at one time does not come back at one time.
    return (Deadline(after: pause * Double.random(in: 0.9...1.1)), isNew)
  }

  /// - Returns: whether there was any.
  mutating func end() -> Bool {
    defer { self = Trouble() }
    return kind != nil
  }
}
