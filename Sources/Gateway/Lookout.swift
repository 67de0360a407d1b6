import Spool
import Work

/// When to look into a drop: when something has come, or when what lay there may be complete; and after a look no sooner than that
/// took, so that who puts very much there leaves half of the time to others.
struct Lookout {
  var hasNews = true
  private var due: Deadline?
  private var rest = Deadline(after: .zero)
  private var begun: Int64 = 0

  var isTime: Bool { (hasNews || due?.hasPassed == true) && rest.hasPassed }

  /// Until it is time, where no event says so.
  var pause: Duration? { hasNews ? rest.remaining : due.map { max($0.remaining, rest.remaining) } }

  mutating func begin() {
    begun = Kernel.uptime()
    (hasNews, due) = (false, nil)
  }

  /// - Parameter lookAgain: after so long there may be more, though nothing comes.
  mutating func end(lookAgain: Duration?) {
    rest = Deadline(after: .nanoseconds(Kernel.uptime() - begun))
    due = lookAgain.map { Deadline(after: $0) }
  }
}
