import Spool

/// What is asked for a job. Said with a run or alone; what is not said stays as it was said before.
public struct JobPolicy: Equatable, Sendable {
  /// It should succeed at least this often.
  public var expectEvery: Duration?
  /// So many failures in a row are told of; 0: none are.
  public var alertAfter: Int?
  /// Told of at most once in so long.
  public var coolDown: Duration?
  /// So many failures in a row disable it; 0: none do.
  public var disableAfter: Int?

  /// As with other gateways' jobs: ten are no accident, and each of them may cost money.
  public static let standard = (alertAfter: 1, coolDown: Duration.seconds(3600), disableAfter: 10)

  public init(
    expectEvery: Duration? = nil, alertAfter: Int? = nil, coolDown: Duration? = nil, disableAfter: Int? = nil
  ) {
    self.expectEvery = expectEvery
    self.alertAfter = alertAfter
    self.coolDown = coolDown
    self.disableAfter = disableAfter
  }

  /// What is said in `news` takes the place of what was.
  mutating func take(_ news: JobPolicy) {
    expectEvery = news.expectEvery ?? expectEvery
    alertAfter = news.alertAfter ?? alertAfter
    coolDown = news.coolDown ?? coolDown
    disableAfter = news.disableAfter ?? disableAfter
  }

  func tellsAfter(_ failures: Int) -> Bool {
    let count = alertAfter ?? Self.standard.alertAfter
    return count > 0 && failures >= count
  }

  func disablesAfter(_ failures: Int) -> Bool {
    let count = disableAfter ?? Self.standard.disableAfter
    return count > 0 && failures >= count
  }

  /// Whether a person who was told then may be told again.
  func mayTell(since told: Timestamp?, now: Timestamp) -> Bool {
    // Told in the future: the clock was set back.
    guard let told, told <= now else { return true }
    return now - told >= coolDown ?? Self.standard.coolDown
  }
}
