import Spool

/// One process at a time reads the replies: of a thousand that a reply wakes the others would only read the same. What is decided
/// does not depend on it, each request has a lock of its own: who has the turn and does not go on, as one that was stopped, is
/// passed over.
struct Turn {
  private let file: File
  private let isOurs: Bool

  /// Who has the turn says so at each reply; none takes longer than this.
  private static let patience = Duration.seconds(2)

  /// - Returns: nil where another process has it.
  init?(in replies: Queue) throws(Failure) {
    file = try replies.directory.openOrCreate(".turn")
    isOurs = try file.tryLock()
    if !isOurs {
      let idle = Timestamp.now - (try file.status().modified)
      // One that is ahead of us shows that the clock was set.
      if idle < Self.patience && idle > .zero - Self.patience { return nil }
    }
  }

  func goOn() {
    // Only a word for the others.
    if isOurs { try? file.setModified(.now) }
  }

  func end() { if isOurs { file.unlock() } }
}
