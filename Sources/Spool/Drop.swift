extension Queue {
  /// Takes everything that people have put into `drop/` and publishes it.
  /// - Parameters:
  ///   - limit: about so many; then there is to look again at once.
  ///   - onEach: told before each file: there may be very many.
  public func takeDrops(atMost limit: Int = .max, onEach: () -> Void = {}) throws(Failure) -> Drop.Result {
    try Drop(self, self[.drop]).take(atMost: limit, onEach: onEach)
  }

  /// For the sweep: goes on with what a dead process has taken.
  func resumeTaken(_ takenName: String) throws(Failure) { try Drop(self, self[.drop]).resume(takenName) }
}

/// A directory in which others put files that become entries of a queue: `drop/`, which speaks for the spool's owner, or one that is
/// another user's.
public struct Drop {
  let queue: Queue
  let directory: Directory
  /// Whose it is; nil: the spool's owner's.
  var user: User?

  init(_ queue: Queue, _ directory: Directory) {
    self.queue = queue
    self.directory = directory
  }

  /// The directory `name` of a queue, in which one other user puts his files.
  public init(_ name: String, in queue: Queue, of user: User) throws(Failure) {
    self.init(queue, try Directory(name, in: queue.directory))
    self.user = user
  }

  /// Who may put files here, and what becomes of them.
  public struct User {
    public var name: String
    /// Authority is the directory, and its files must be his as well: with mv and ln anybody can place another's file.
    public var uid: UInt32
    /// Whether a file of this name is the same entry however often it is put there; else each is one of its own.
    public var isNamed: (_ fileName: String) -> Bool
    /// Asked before it is published, under this key; true: it goes, and its owner was told why.
    public var turnsAway: (_ fileName: String, _ key: String) throws(Failure) -> Bool
    /// Told when it is published, before the file goes: killed in between, it is told again.
    public var onPublished: (EntryID, _ fileName: String) throws(Failure) -> Void
    /// Told when a file of his is none that can be taken; it lies in `bad/`.
    public var onRefused: (_ fileName: String, _ why: String) throws(Failure) -> Void

    public init(
      name: String, uid: UInt32, isNamed: @escaping (String) -> Bool,
      turnsAway: @escaping (String, String) throws(Failure) -> Bool,
      onPublished: @escaping (EntryID, String) throws(Failure) -> Void,
      onRefused: @escaping (String, String) throws(Failure) -> Void
    ) {
      self.name = name
      self.uid = uid
      self.isNamed = isNamed
      self.turnsAway = turnsAway
      self.onPublished = onPublished
      self.onRefused = onRefused
    }

    /// Nobody else's: neither part can have a slash in it. A user can give his files any name, and those that we give as well, so that
    /// no key may be made of what a file says of itself alone.
    func key(_ fileName: String, _ inode: UInt64, _ changed: Timestamp) -> String {
      "drop-\(name)/\(isNamed(fileName) ? fileName : ".take-\(inode)-\(changed.nanoseconds)")"
    }
  }

  /// What a look at it found.
  public struct Result: Sendable {
    /// The entries that it became, in their order.
    public var published: [EntryID] = []
    /// Something could not be taken yet: look again when something changes, or after this long.
    public var lookAgain: Duration?
    /// When the oldest file came that is complete and may not be published yet: another process takes it at this moment, or it
    /// could not be opened.
    public var unread: Timestamp?
    /// What was put into `bad/`, and why.
    public var refused: [String] = []

    mutating func wait(_ pause: Duration) { lookAgain = min(lookAgain ?? pause, pause) }
  }

  /// Takes everything that lies here and publishes it.
  ///
  /// A file is taken by a rename to `.take-INODE-CTIME-NAME`, published under a key made of these, and
  /// unlinked last: killed anywhere, the next look goes on and publishes it once.
  public func take(atMost limit: Int = .max, onEach: () -> Void = {}) throws(Failure) -> Result {
    var published: [EntryID] = []
    var refused: [String] = []
    // What another process takes while we look has another name by then, or is published.
    for _ in 0..<5 {
      var result = Result()
      let isWhole = try look(&result, limit, onEach)
      published += result.published
      refused += result.refused
      (result.published, result.refused) = (published, refused)
      if isWhole || published.count + refused.count >= limit { return result }
    }
    return Result(
      published: published, lookAgain: Self.turn, unread: Timestamp(nanoseconds: 0), refused: refused)
  }

  /// - Returns: false where something has moved meanwhile.
  private func look(_ result: inout Result, _ limit: Int, _ onEach: () -> Void) throws(Failure) -> Bool {
    var isWhole = true
    var taken = 0
    for raw in try directory.rawNames().sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      let name = Kernel.text(raw)
      // Ours are text.
      let isTaken = name.hasPrefix(".take-") && String(validatingCString: raw) != nil
      if !isTaken && Self.isIgnored(name) { continue }
      if taken >= limit {
        result.wait(.zero)
        break
      }
      onEach()
      switch try isTaken ? findTaken(name) : takeGrown(raw, name) {
      case .taken(let file):
        taken += 1
        switch try publishTaken(file) {
        case .published(let id): result.published.append(id)
        case .refused(let why): result.refused.append("\(file.name): \(why)")
        case .turnedAway: break
        }
      case .beingWritten: result.wait(Self.settling)
      case .newborn: isWhole = false
      case .unread(let changed):
        result.wait(Self.turn)
        result.unread = min(result.unread ?? changed, changed)
      case .moved: isWhole = false
      case .refused(let why):
        taken += 1
        result.refused.append("\(name.printable): \(why)")
      case .left: break
      }
    }
    return isWhole
  }

  /// Hidden files, editors' and copiers' temporary names.
  static func isIgnored(_ name: String) -> Bool {
    name.hasPrefix(".") || name.hasSuffix("~") || (name.hasPrefix("#") && name.hasSuffix("#")) || name == "4913"
      || [".swp", ".part", ".tmp"].contains { name.hasSuffix($0) }
  }

  func resume(_ takenName: String) throws(Failure) {
    if case .taken(let taken) = try findTaken(takenName) { _ = try publishTaken(taken) }
  }
}
