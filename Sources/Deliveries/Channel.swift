import Glibc
import Roster
import Spool
import Work

/// A channel: an executable that gets a message on stdin and the rest in its environment. Its exit says what
/// happened: 0 sent, with a receipt on stdout · 75 not sent, try again (`retry-after: SECONDS` on stdout) · 69 not sent,
/// nobody could be reached · 74, a signal, or no end in time: nobody knows · anything else: not sent, never will be.
public struct Channel: Sendable {
  public var name: String
  public var path: String
  /// argv[0]: how the built-in ones are called.
  var arguments: [String]
  /// Sending the same ID twice has the effect of sending it once.
  public var isIdempotent: Bool

  /// Those that are part of the tools.
  public static let builtIn = ["file": true]

  /// The user's own `channels/NAME` in the spool, else the installed one.
  /// - Parameter installed: directories of installed channels.
  public static func find(
    _ name: String, in spool: SpoolDirectory, installed: String?, executable: String?
  ) throws(Failure) -> Channel? {
    for directory in [spool.path + "/channels", installed].compactMap({ $0 }) {
      if let path = try Command.find(name, in: [directory]) {
        return Channel(
          name: name, path: path, arguments: [path], isIdempotent: Kernel.mayAccess(path + ".idempotent", F_OK))
      }
    }
    if let isIdempotent = builtIn[name], let executable {
      return Channel(name: name, path: executable, arguments: ["channel-\(name)"], isIdempotent: isIdempotent)
    }
    return nil
  }

  /// How a try to send ended.
  enum Outcome: Equatable {
    case sent(receipt: String)
    /// Definitely not sent; worth another try.
    case refused(String, after: Duration?)
    /// Definitely not sent: nobody was reached. No fault of the message, so no attempt is counted.
    case unreachable(String)
    /// Definitely not sent, and never will be.
    case permanent(String)
    /// May have been sent.
    case ambiguous(String)
    case stopped(Int32)
  }

  /// Longer than any server's own time-out.
  static let timeout = Duration.seconds(60)

  /// - Parameter isRepeat: the message may have gone out before.
  /// - Returns: how it ended, and the signal that asked us to stop meanwhile.
  func send(
    _ delivery: Delivery, to address: Address, claim: Claim, isRepeat: Bool
  ) throws(Failure) -> (outcome: Outcome, stop: Int32?) {
    var environment = inheritedEnvironment()
    let deadline = Deadline.within(Self.timeout)
    environment["DELIVERY_ID"] = claim.id.description
    environment["DELIVERY_TO"] = address.value
    environment["DELIVERY_ATTEMPT"] = String(claim.name.attempts + 1)
    environment["DELIVERY_SUBJECT"] = delivery.subject
    environment["DELIVERY_AS"] = delivery.speaker
    environment["DELIVERY_REPEAT"] = isRepeat ? "1" : nil
    environment["SPOOL_DIR"] = claim.queue.spool.path
    deadline.handDown(to: &environment)
    let mark = isRepeat && !isIdempotent ? "(This may be a repeat of message \(claim.id.short).)\n" : ""
    let input = try File.inMemory(Array(mark.utf8) + delivery.text)
    try claim.setDeathTimer(deadline.remaining)
    // From here on it may have happened.
    try claim.markInDoubt()
    let command = Command(path: path, arguments: arguments, environment: environment)
    let child: Child
    do { child = try Child(command, input: input, lock: claim.file) } catch {
      let isFinal =
        error.errno.map { [.noSuchFileOrDirectory, .permissionDenied, .execFormatError].contains($0) } ?? false
      return (isFinal ? .permanent(error.description) : .refused(error.description, after: nil), nil)
    }
    let (outcome, output, error) = child.collect(until: deadline, limit: 65536)
    let said = String(decoding: error, as: UTF8.self)
    if !said.isEmpty { claim.queue.log(claim.id, said.hasSuffix("\n") ? said : said + "\n") }
    let reason = said.split(separator: "\n").last.map { "\(name): \($0)" } ?? "\(name): \(outcome.spoken)"
    return (Self.judge(outcome, output: String(decoding: output, as: UTF8.self), reason: reason), outcome.stoppedBy)
  }

  static func judge(_ outcome: Child.Outcome, output: String, reason: String) -> Outcome {
    if outcome.timedOut { return .ambiguous(reason) }
    if let number = outcome.stoppedBy, outcome.end != .exited(0) { return .stopped(number) }
    guard case .exited(let code) = outcome.end else { return .ambiguous(reason) }
    switch ExitStatus(rawValue: code) {
    case .done:
      let receipt = output.split(separator: "\n").first.map(String.init) ?? ""
      return .sent(receipt: receipt.isEmpty ? "exit 0; the channel gave no receipt" : receipt)
    case .tryAgain:
      let seconds = output.firstMatch(of: /retry-after: *([0-9]{1,6})/).flatMap { Int($0.1) }
      return .refused(reason, after: seconds.map { .seconds($0) })
    case .unavailable: return .unreachable(reason)
    case .io: return .ambiguous(reason)
    default: return .permanent(reason)
    }
  }
}
