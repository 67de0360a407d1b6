import Spool

/// An entry on duty: what is known of it while the scheduler lives.
final class Post {
  var entry: CrontabEntry
  let key: String
  var state: EntryState
  /// Nil for what is no matter of the clock.
  var course: Course?
  /// The time for which it is to run, as soon as it may.
  var pending: Timestamp?
  /// With `all`: the last time whose run was begun.
  var turned: Timestamp
  /// `@queue`: what lay there when it last ran.
  var seen: Set<String> = []
  /// `@queue`: the queue that could not be opened was told of.
  var isMissingTold = false

  init(_ entry: CrontabEntry, state: EntryState) {
    self.entry = entry
    key = entry.key
    self.state = state
    turned = state.last
    course = entry.times(since: state.since).map { Course($0, catchUp: entry.catchUp, dealtWith: state.last) }
  }

  /// The line was moved, or something about it changed that leaves its times as they are.
  func take(_ entry: CrontabEntry) {
    // What is under way with one policy is not done again with another.
    if let checked = course?.checked, entry.catchUp != self.entry.catchUp { turned = max(turned, checked) }
    self.entry = entry
    course?.catchUp = entry.catchUp
  }
}
