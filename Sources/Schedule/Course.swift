import Spool

/// Where an entry stands in time: which of its times have been dealt with, and what the clock's next reading makes due.
///
/// It asks no clock: each reading is told to it, so that jumps, sleep and years without us are its tests. Readings are a minute apart at
/// most; a longer gap is a jump of the clock, or we slept, or were not there.
///
/// - On time is what is at most five minutes late: all that a busy machine, or a quick restart, has held up.
/// - A gap of less than three hours while we run: fixed times in it are due now; a wildcard goes by the new time.
/// - More, or after a start: what lies in it was missed, and the entry's policy says what becomes of it.
/// - Set back by less than three hours: fixed times stay as they are, and none is due twice; a wildcard goes by the new time. More is a
///   correction: the new time counts at once. A second's step back, as time servers make it, is none of these.
///
/// However many times are due at one reading, they make one run; only `all` makes one for each (`Turns`).
public struct Course {
  public private(set) var times: Times
  public var catchUp: CatchUp
  /// All times up to here have been dealt with.
  public private(set) var checked: Timestamp
  /// The next one after it, as long as that is known.
  private var upcoming: Timestamp?
  private var isUpcomingKnown = false
  /// Whether `checked` is a reading of ours: else it is what a process before us wrote down.
  private var isAwake = false

  static let lateness = Duration.seconds(300)
  static let correction = Duration.seconds(CalendarTimes.correction * 60)
  /// Less is no change of the time, but a clock that is kept right.
  static let jitter = Duration.seconds(90)
  /// More are not counted.
  static let countLimit = 1000

  public init(_ times: Times, catchUp: CatchUp, dealtWith: Timestamp) {
    self.times = times
    self.catchUp = catchUp
    checked = dealtWith
  }

  /// What a reading has shown.
  public struct Due: Equatable {
    /// The latest time for which it runs now; never with `all`, whose times have their turns.
    public var run: Timestamp?
    /// How many were missed and are not made up for; `Course.countLimit` is that many or more.
    public var missed = 0
    public var lastMissed: Timestamp?
  }

  /// When it is due next, as far as the clock is left alone.
  public mutating func next() -> Timestamp? {
    if !isUpcomingKnown {
      upcoming = times.next(after: checked)
      isUpcomingKnown = true
    }
    return upcoming
  }

  public mutating func advance(to now: Timestamp) -> Due {
    defer { isAwake = true }
    if now < checked && !accept(back: now) { return Due() }
    let wasAwake = isAwake
    let before = checked
    guard let next = next(), next <= now else {
      checked = now
      return Due()
    }
    checked = now
    isUpcomingKnown = false
    // Each of them has its turn.
    if catchUp.kind == .all { return Due() }
    let punctual = max(before, punctual(since: before, now, wasAwake))
    var due = Due(run: times.last(after: punctual, through: now))
    due.lastMissed = times.last(after: before, through: punctual)
    guard let last = due.lastMissed else { return due }
    if catchUp.kind == .once {
      // One run makes up for all.
      if due.run == nil && now - last <= catchUp.maximumAge ?? now - last { due.run = last }
      if due.run != nil {
        due.lastMissed = nil
        return due
      }
    }
    due.missed = times.count(after: before, through: punctual, limit: Self.countLimit)
    return due
  }

  /// The clock was set back.
  /// - Returns: whether the new time counts for it.
  private mutating func accept(back now: Timestamp) -> Bool {
    let behind = checked - now
    if behind < (times.isWildcard ? Self.jitter : Self.correction) { return false }
    // From the beginning of the minute on, which is new to it.
    checked = Self.beginOfMinute(now)
    isUpcomingKnown = false
    return true
  }

  /// What is due after this is on time.
  private func punctual(since before: Timestamp, _ now: Timestamp, _ wasAwake: Bool) -> Timestamp {
    let gap = now - before
    if gap <= Self.lateness { return before }
    if times.isWildcard { return Self.beginOfMinute(now) }
    return wasAwake && gap < Self.correction ? before : now - Self.lateness
  }

  /// The instant before it begins: what is due at its first instant is after this.
  static func beginOfMinute(_ time: Timestamp) -> Timestamp {
    let minute = 60 * 1_000_000_000
    return Timestamp(nanoseconds: Int64(floored(Int(time.nanoseconds), by: minute) * minute - 1))
  }
}

extension Course {
  /// With `all`: the first time after `done` that is not yet over its age, among those that have come.
  /// - Parameter done: the last one whose run is over; moved over those that are too old.
  /// - Returns: also how many were too old.
  func turn(after done: inout Timestamp, now: Timestamp) -> (time: Timestamp?, tooOld: Int) {
    var tooOld = 0
    // What was set back is dealt with.
    if checked < done && done - checked >= (times.isWildcard ? Self.jitter : Self.correction) { done = checked }
    if let age = catchUp.maximumAge, done < now - age {
      tooOld = times.count(after: done, through: now - age, limit: Self.countLimit)
      done = now - age
    }
    let next = times.next(after: done)
    return (next.flatMap { $0 <= checked ? $0 : nil }, tooOld)
  }
}
