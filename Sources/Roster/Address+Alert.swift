import Spool

extension Address {
  /// Who is told when something fails: `Alert:` in the config. Where that is not understood, or names nobody, the spool's own person is:
  /// an alert about that has to reach somebody, too.
  public static func ofAlerts(in spool: SpoolDirectory) throws(Failure) -> [Address] {
    do { return try resolve(Settings(spool).alert, in: spool) } catch {
      guard [.configuration, .usage, .unavailable, .malformed].contains(error.status),
        let own = try? resolve("me", in: spool)
      else { throw error }
      spool.notice("Alert: \(error): me is told instead")
      return own
    }
  }
}
