import Glibc
import Spool
import Work

/// Has what an answer has left to be sent (the message that asked, without its buttons; what a late one is told) sent at once, by a
/// `deliver` that lives on when we have ended: a channel may take a minute, and nobody waits for it.
public final class Courtesies {
  private let desk: Desk
  private let command: Command?
  private var process: pid_t?

  public init(_ desk: Desk) {
    self.desk = desk
    // Without our executable, and on the simulated machine, what there is is left to the tick.
    command =
      Kernel.standIn != nil
      ? nil
      : desk.courier.executable.map { path in
        var environment = inheritedEnvironment()
        environment["SPOOL_DIR"] = desk.spool.path
        // It is no part of what our caller has a budget for.
        for name in ["SPINDLE_DEADLINE", "SPINDLE_DEADLINE_UPTIME"] { environment[name] = nil }
        return Command(path: path, arguments: [path, "deliver", "--recover", "--quiet"], environment: environment)
      }
  }

  /// Starts it where there is something new to be sent, unless one of ours runs.
  /// - Parameters:
  ///   - isOurs: only for what was made here; else for whatever lies there.
  ///   - isLast: nobody tends to it again: one that runs may have looked before what is new was there.
  /// - Returns: whether one of ours runs: what lands now may be too late for it.
  @discardableResult
  public func tend(isOurs: Bool = true, isLast: Bool = false) throws(Failure) -> Bool {
    if let process, waitpid(process, nil, WNOHANG) != 0 { self.process = nil }
    guard process == nil || isLast, let command else { return process != nil }
    var isDue = desk.hasWords
    if !isDue && !isOurs { isDue = try !desk.deliveries[.new].names().isEmpty }
    guard isDue else { return false }
    desk.hasWords = false
    process = try Child.startOnItsOwn(command)
    return true
  }
}
