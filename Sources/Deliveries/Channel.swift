import Glibc
import Roster
import Spool
import Work

/// A channel: an executable that gets a message on stdin and the rest in its environment. Its exit says what happened
/// (docs/channels.md): 0 sent, with a receipt on stdout · 75 not sent, try again (`retry-after: SECONDS` on stdout) · 69 not
/// sent, nobody could be reached · 74, a signal, or no end in time: nobody knows · anything else: not sent, never will be.
public struct Channel: Sendable {
  public var name: String
  public var path: String
  /// argv[0]: how the built-in ones are called.
  var arguments: [String]
  public var promise = Promise()

  /// Those that are part of the tools.
  private static let builtIn: [String: Promise] = {
    var file = Promise()
    file.summary = "appends to a file, under its lock"
    file.address = "an absolute path; ~ is your home"
    file.semantics = "exactly once: an ID that is there is not appended again"
    file.isIdempotent = true
    file.hasSessions = true
    var email = Promise()
    email.summary = "hands a mail to the machine's mail system (sendmail)"
    email.address = "name@example.org"
    email.semantics = "at least once, under one Message-ID; at most once with --in-doubt hold or drop"
    email.hasCheck = true
    return ["file": file, "email": email]
  }()

  /// The user's own `channels/NAME` in the spool, else the installed one.
  /// - Parameter installed: directories of installed channels.
  public static func find(
    _ name: String, in spool: SpoolDirectory, installed: String?, executable: String?
  ) throws(Failure) -> Channel? {
    let own = spool.path + "/channels"
    for directory in [own, installed].compactMap({ $0 }) {
      guard let path = try Command.find(name, in: [directory]) else { continue }
      var channel = Channel(name: name, path: path, arguments: [path])
      // A promise of the user's own holds for an installed channel too.
      let isOwn = Kernel.mayAccess("\(own)/\(name).promise", F_OK)
      channel.promise = try Promise.read(name, in: isOwn ? own : directory)
      return channel
    }
    guard let promise = builtIn[name], let executable else { return nil }
    var channel = Channel(name: name, path: executable, arguments: ["channel-\(name)"], promise: promise)
    if Kernel.mayAccess("\(own)/\(name).promise", F_OK) { channel.promise = try Promise.read(name, in: own) }
    return channel
  }

  /// Every channel that there is, by name.
  public static func all(
    in spool: SpoolDirectory, installed: String?, executable: String?
  ) throws(Failure) -> [Channel] {
    var names = Set(builtIn.keys)
    for directory in [spool.path + "/channels", installed].compactMap({ $0 }) where Kernel.mayAccess(directory, F_OK) {
      for name in try Directory.following(path: directory).names() where Address.isChannel(name) { names.insert(name) }
    }
    var channels: [Channel] = []
    for name in names.sorted() {
      if let channel = try find(name, in: spool, installed: installed, executable: executable) {
        channels.append(channel)
      }
    }
    return channels
  }

  /// What a try may take: longer than any server's own time-out.
  public static let timeout = Duration.seconds(60)

  /// What one exchange with a server may take, in seconds: a stalled one is given up while the deliverer still waits.
  public static func exchangeTime(until deadline: Deadline) -> Double {
    max(0.1, min(longestExchange, Double(deadline.remaining.nanoseconds) / 1e9 - 0.2))
  }

  /// Seconds.
  public static let longestExchange = 30.0

  func command(_ environment: [String: String]) -> Command {
    Command(path: path, arguments: arguments, environment: environment)
  }

  /// What the channel says of its own configuration.
  /// - Returns: whether it can send, and its words; nil where it has no such question.
  public func check(in spool: SpoolDirectory) throws(Failure) -> (isReady: Bool, words: String)? {
    guard promise.hasCheck else { return nil }
    var environment = inheritedEnvironment()
    environment["SPOOL_DIR"] = spool.path
    var command = command(environment)
    command.arguments.append("--check")
    let (outcome, output, error) = try Child(command).collect(until: Deadline.within(.seconds(10)), limit: 4096)
    let words = String(decoding: output.isEmpty ? error : output, as: UTF8.self).split(separator: "\n").first ?? ""
    return (outcome.succeeded, String(words))
  }

  static func judge(_ outcome: Child.Outcome, output: String, reason: String) -> Outcome {
    if outcome.timedOut { return .ambiguous(reason) }
    if let number = outcome.stoppedBy, outcome.end != .exited(0) { return .stopped(number) }
    guard case .exited(let code) = outcome.end else { return .ambiguous(reason) }
    if code == 0 { return Outcome(.done, output.split(separator: "\n").first.map(String.init) ?? "") }
    let pause = output.firstMatch(of: /retry-after: *([0-9]{1,6})/).flatMap { Outcome.pause($0.1) }
    return Outcome(ExitStatus(rawValue: code), reason, retryAfter: pause)
  }
}
