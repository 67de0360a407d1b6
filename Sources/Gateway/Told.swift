import Spool
import Work

/// What the person was told lately: a trouble that lasts is told once an hour, and not at each look.
final class Told {
  private var lately: [String: Deadline] = [:]

  private static let silence = Duration.seconds(3600)
  /// Who makes more troubles than this is told of some of them twice, and takes no memory.
  private static let most = 1000

  func isNew(_ words: String) -> Bool {
    if let until = lately[words], !until.hasPassed { return false }
    if lately.count >= Self.most { lately = [:] }
    lately[words] = Deadline(after: Self.silence)
    return true
  }
}
