import Glibc
import Spool
import Work

/// Sends at once what an answer has left to be sent (the message that asked, without its buttons; what a late one is told), by a
/// `deliver` of our own: a channel may take a minute, and nobody waits for it.
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
        return Command(path: path, arguments: [path, "deliver", "--recover", "--quiet"], environment: environment)
      }
  }

  /// Starts it where there is something new to be sent, unless it runs.
  /// - Parameter isOurs: only for what was made here; else for whatever lies there.
  public func tend(isOurs: Bool = true) throws(Failure) {
    if let process, waitpid(process, nil, WNOHANG) != 0 { self.process = nil }
    guard process == nil, let command else { return }
    var isDue = desk.hasWords
    if !isDue && !isOurs { isDue = try !desk.deliveries[.new].names().isEmpty }
    guard isDue else { return }
    desk.hasWords = false
    process = try Child.startDetached(command)
  }

  /// What is being sent is not cut off for our end, if that is soon over.
  public func finish() {
    for _ in 0..<150 {
      guard let process, waitpid(process, nil, WNOHANG) == 0 else { return }
      usleep(20_000)
    }
  }
}
