import Spool

/// `$SPOOL_DIR/config`: what holds for the whole spool.
public struct Settings: Sendable {
  /// Who is told when something fails.
  public var alert = "me"

  public init(_ spool: SpoolDirectory) throws(Failure) {
    guard let file = try SettingsFile.read("config", in: spool.root, hasBody: false) else { return }
    try file.allow(["Alert", "Approvers", "Quiet-Hours"])
    if let alert = file.value("Alert"), !alert.isEmpty { self.alert = alert }
  }
}
