import Spool

/// Whether a gateway makes the calls: it holds `gateway/serving` for as long as it takes up new ones. (`gateway/lock` it holds to its
/// very end: there is one at a time.)
public struct GatewayPresence {
  private let spool: SpoolDirectory

  public init(_ spool: SpoolDirectory) { self.spool = spool }

  public static let directory = "gateway"
  public static let lock = "lock"
  public static let serving = "serving"

  public var isResident: Bool {
    get throws(Failure) {
      guard try spool.root.contains(Self.directory),
        let file = try Directory(Self.directory, in: spool.root).open(Self.serving)
      else { return false }
      if try !file.tryLockShared() { return true }
      file.unlock()
      return false
    }
  }
}
