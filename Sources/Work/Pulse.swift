import Spool

/// The heartbeat of a process that stays: it beats when it starts and then at least once a minute, and takes its file away when it
/// ends in order. Killed, it leaves the file, which goes stale: so its death is noticed.
public final class Pulse {
  private let spool: SpoolDirectory
  private var heartbeat: Heartbeat
  private var next = Deadline(after: .zero)
  private var isTold = false

  /// No more often than this, however busy its process is.
  private static let pause = Duration.seconds(20)

  /// - Parameter name: of what stays: gateway, scheduler, telegram-relay, deliver, harvest.
  public init(_ name: String, in spool: SpoolDirectory) throws(Failure) {
    self.spool = spool
    heartbeat = try Heartbeat(name)
    heartbeat.process = SpoolDirectory.processID
    beat()
  }

  /// To be called in each turn of a loop that waits for a minute at most; most calls cost nothing. What cannot be stamped is said
  /// once, and stops nothing.
  public func beat() {
    guard next.hasPassed else { return }
    next = Deadline(after: Self.pause)
    do throws(Failure) {
      try heartbeat.stamp(in: spool)
      isTold = false
    } catch {
      if !isTold { spool.notice("heartbeats/\(heartbeat.name): \(error)") }
      isTold = true
    }
  }

  /// Its process ends in order. The file stays where another one has taken the name over.
  public func end() {
    guard let found = try? Heartbeat.read(heartbeat.name, in: spool), found.process == heartbeat.process else { return }
    try? Heartbeat.remove(heartbeat.name, in: spool)
  }
}
