import Spool

/// Whether a gateway makes the calls: it holds a lock for as long as it lives.
public struct GatewayPresence {
  private let spool: SpoolDirectory

  public init(_ spool: SpoolDirectory) { self.spool = spool }

  public static let directory = "gateway"
  public static let lock = "lock"

  public var isResident: Bool {
    get throws(Failure) {
      guard try spool.root.contains(Self.directory),
        let file = try Directory(Self.directory, in: spool.root).open(Self.lock)
      else { return false }
      if try !file.tryLockShared() { return true }
      file.unlock()
      return false
    }
  }
}
