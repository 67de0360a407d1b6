import Glibc
import Spool
import Work

/// Sends at once what an answer has left to be sent (the message that asked, without its buttons; what a late one is told), by a
/// `deliver` of our own: a channel may take a minute, and the polls go on meanwhile.
public final class Courtesies {
  private let deliveries: Queue
  private let command: Command?
  private var process: pid_t?

  /// - Parameter executable: the tools'; nil: what there is is left to the tick.
  public init(_ deliveries: Queue, executable: String?, environment: [String: String]) {
    self.deliveries = deliveries
    command = executable.map { path in
      var environment = environment
      environment["SPOOL_DIR"] = deliveries.spool.path
      return Command(path: path, arguments: ["deliver", "--recover", "--quiet"], environment: environment)
    }
  }

  /// Starts it where something new is to be sent, unless it runs.
  public func tend() throws(Failure) {
    if let process, waitpid(process, nil, WNOHANG) != 0 { self.process = nil }
    guard process == nil, let command, try !deliveries[.new].names().isEmpty else { return }
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
