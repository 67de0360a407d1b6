import Spool

/// `$SPOOL_DIR/config`: what holds for the whole spool.
public struct Settings: Sendable {
  /// Who is told when something fails.
  public var alert = "me"
  /// Whom messages by email are from; nil: whom the mail system says.
  public var emailFrom: String?
  /// Who may answer requests, by the names of `people/`; empty: whoever a request is for, and the spool's owner.
  public var approvers: [String] = []
  /// Where answers by mail are to go, without the plus and the ID that are added to it; nil: to whom the mail is from.
  public var emailReplyTo: String?
  /// What says that a mail is from whom it says: a header, and the name under which our own mail system writes it.
  public var emailAuthentication: String?
  /// Calls that a gateway makes at once.
  public var gatewaySlots = 8
  /// Where its door listens; nil: it has none.
  public var gatewayPort: UInt16?
  /// Where the dashboard listens; nil: where it does by default.
  public var dashboardPort: UInt16?

  /// When no model is woken; nil: at no time.
  public var quietHours: QuietHours?
  /// How often a day heartbeat-guard may wake a model.
  public var wakeUps = 24

  /// As where no file says anything.
  public init() {}

  public init(_ spool: SpoolDirectory) throws(Failure) {
    guard let file = try SettingsFile.read("config", in: spool.root, hasBody: false) else { return }
    try file.allow([
      "Alert", "Approvers", "Quiet-Hours", "Wake-Ups", "Email-From", "Email-Reply-To", "Email-Authentication",
      "Gateway-Slots",
      "Gateway-Port", "Dashboard-Port",
    ])
    gatewaySlots =
      try file.parse("Gateway-Slots", "a number from 1 to 1000") {
        Int($0).flatMap { (1...1000).contains($0) ? $0 : nil }
      } ?? gatewaySlots
    func port(_ name: String) throws(Failure) -> UInt16? {
      try file.parse(name, "a number from 1 to 65535") { UInt16($0).flatMap { $0 > 0 ? $0 : nil } }
    }
    gatewayPort = try port("Gateway-Port")
    dashboardPort = try port("Dashboard-Port")
    if let alert = file.value("Alert"), !alert.isEmpty { self.alert = alert }
    emailFrom = try file.parse("Email-From", "an address such as spindle@example.org") { $0.contains("@") ? $0 : nil }
    approvers = file.list("Approvers")
    emailReplyTo = try file.parse("Email-Reply-To", "an address such as spindle@example.org") { text in
      text.split(separator: "@", omittingEmptySubsequences: false).count == 2 && !text.contains("+") ? text : nil
    }
    emailAuthentication = try file.parse(
      "Email-Authentication", "a header and a name, such as Authentication-Results mx.example.org"
    ) { $0.split(separator: " ").count == 2 ? $0 : nil }
    quietHours = try file.parse("Quiet-Hours", "two different times, such as 22:00-07:00") { QuietHours($0) }
    wakeUps =
      try file.parse("Wake-Ups", "how often a day, such as 24") { Int($0).flatMap { $0 >= 0 ? $0 : nil } } ?? wakeUps
  }
}
