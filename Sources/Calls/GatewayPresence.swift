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
      guard let file = try file() else { return false }
      if try !file.tryLockShared() { return true }
      file.unlock()
      return false
    }
  }

  /// Where the door of the resident gateway listens, as it has noted itself; nil: it has none.
  public var port: UInt16? {
    get throws(Failure) {
      let bytes = try file()?.readAll(limit: 64) ?? []
      return UInt16(String(decoding: bytes, as: UTF8.self).prefix { !$0.isNewline })
    }
  }

  private func file() throws(Failure) -> File? {
    guard try spool.root.contains(Self.directory) else { return nil }
    return try Directory(Self.directory, in: spool.root).open(Self.serving)
  }
}
