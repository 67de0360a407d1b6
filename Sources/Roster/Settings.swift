import Spool

/// `$SPOOL_DIR/config`: what holds for the whole spool.
public struct Settings: Sendable {
  /// Who is told when something fails.
  public var alert = "me"
  /// Whom messages by email are from; nil: whom the mail system says.
  public var emailFrom: String?

  public init(_ spool: SpoolDirectory) throws(Failure) {
    guard let file = try SettingsFile.read("config", in: spool.root, hasBody: false) else { return }
    try file.allow(["Alert", "Approvers", "Quiet-Hours", "Email-From"])
    if let alert = file.value("Alert"), !alert.isEmpty { self.alert = alert }
    emailFrom = try file.parse("Email-From", "an address such as spindle@example.org") { $0.contains("@") ? $0 : nil }
  }
}
