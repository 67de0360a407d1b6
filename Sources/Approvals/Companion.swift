import Glibc
import Spool
import Work

/// A process that serves those who wait, for as long as they do: it reads what the bots hear. Of all who wait for the same bot
/// one has it; when that one is done another begins one.
public final class Companion {
  private let spool: SpoolDirectory
  private let lockName: String
  private let command: Command
  private var lock: File?
  private var attendance: Child.Attendance?
  /// Nothing is begun before.
  private var soonest = Deadline(after: .zero)

  /// How often it is looked whether it is our turn.
  private static let lookAgain = Duration.seconds(10)
  /// One that has ended by itself is begun anew after this: what ails it has been said.
  private static let afterEnd = Duration.seconds(60)
  /// And one that only a person can help, after this.
  private static let afterRefusal = Duration.seconds(3600)

  /// - Parameter name: of what it serves: its lock is `heartbeats/NAME`.
  public init(_ name: String, _ command: Command, in spool: SpoolDirectory) {
    self.spool = spool
    self.command = command
    lockName = name
  }

  /// Begins it, if it is our turn.
  func begin() throws(Failure) {
    guard attendance == nil, soonest.hasPassed else { return }
    soonest = Deadline(after: Self.lookAgain)
    if lock == nil {
      let file = try spool.directory("heartbeats").openOrCreate(lockName)
      guard try file.tryLock() else { return }
      lock = file
    }
    let notice = spool.notice
    attendance = Child.Attendance(
      try Child(command), until: nil, onOutput: { _ in .more },
      onError: { piece in
        for line in String(decoding: piece, as: UTF8.self).split(separator: "\n") { notice(String(line)) }
      })
  }

  /// What to wait for besides, and for how long at most.
  var polled: [pollfd] { attendance?.polled ?? [] }
  var pause: Duration { attendance == nil ? max(.milliseconds(100), soonest.remaining) : .seconds(60) }

  /// - Parameter polled: what was asked for, as poll(2) left it.
  func attend(_ polled: [pollfd]) {
    guard let attendance, polled.count == 3, let outcome = attendance.attend(polled[...]) else { return }
    self.attendance = nil
    let needsPerson = [ExitStatus.notAllowed, .configuration].contains(outcome.status)
    soonest = Deadline(after: needsPerson ? Self.afterRefusal : Self.afterEnd)
  }

  /// Ends it: it may send what it has begun to send.
  func end() {
    guard let attendance else { return }
    attendance.setDue(Deadline(after: .zero))
    while true {
      var polled = attendance.polled
      Signals.wait(atMost: attendance.due?.remaining ?? .seconds(1), or: &polled)
      if attendance.attend(polled[...]) != nil { break }
      // Asked to stop, we do not wait for it: it dies with us.
      if Signals.pending() != nil { break }
    }
    self.attendance = nil
    lock?.unlock()
  }
}
