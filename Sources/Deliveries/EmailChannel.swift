import Roster
import Spool
import Work

/// The channel `email`: hands a mail to the machine's own mail system by the sendmail interface, which every one of them has.
/// Sent means that the mail system has taken it; one that keeps a queue of its own (Postfix, Exim) tries on from there and
/// tells a failure by a mail to whom it is from, one that keeps none (msmtp) has handed it to a server.
public struct EmailChannel {
  public var spool: SpoolDirectory
  public var environment: [String: String]

  public init(spool: SpoolDirectory, environment: [String: String]) {
    self.spool = spool
    self.environment = environment
  }

  /// `SENDMAIL`, else where it is by convention, else in PATH.
  public static func program(_ environment: [String: String]) throws(Failure) -> String? {
    if let named = environment["SENDMAIL"], !named.isEmpty {
      guard let found = try Command.find(named, in: Command.searchPath(environment)) else {
        throw Failure(.configuration, "SENDMAIL", "\(named) is no program", do: "correct it, or unset it")
      }
      return found
    }
    return try Command.find("sendmail", in: ["/usr/sbin", "/usr/lib"] + Command.searchPath(environment))
  }

  public func send(_ message: ChannelMessage) -> Outcome {
    do { return try handOver(message) } catch {
      return Outcome(error.status == .configuration ? .no : .tryAgain, error.description)
    }
  }

  private func handOver(_ message: ChannelMessage) throws(Failure) -> Outcome {
    guard message.to.contains("@"), !message.to.hasPrefix("-") else {
      return .permanent("\(message.to): is no mail address: write email:name@example.org")
    }
    guard let program = try Self.program(environment) else {
      return .permanent("there is no sendmail: install a mail system, such as msmtp-mta or postfix, or set SENDMAIL")
    }
    let settings = try Settings(spool)
    let from = environment["EMAIL_FROM"] ?? settings.emailFrom
    let mail = EmailMessage(message, from: from, answersTo: settings.emailReplyTo, environment: environment)
    // -i: a line with a lone dot is text. -f: who gets what cannot be delivered.
    let command = Command(
      path: program, arguments: [program, "-i"] + (from == nil ? [] : ["-f", mail.sender]) + ["--", message.to],
      environment: environment)
    let deadline = Deadline.within(Channel.timeout - .seconds(5))
    let child = try Child(command, input: File.inMemory(mail.bytes))
    // A mail system may go on delivering in the background.
    child.leavesOthers = true
    let (outcome, _, error) = child.collect(until: deadline, limit: 65536)
    let said = String(decoding: error, as: UTF8.self).split(separator: "\n").map { $0.trimmed }.filter { !$0.isEmpty }
    return Self.judge(outcome, said.joined(separator: "; "), "taken by \(program): \(mail.messageID)")
  }

  /// What is known of how a mail system ended. A test has a row for each.
  ///
  /// One that keeps no queue passes on what a server said, and that tells more than its exit: msmtp has 69 for a server that says
  /// "later" and for one that says "never". Without such a word the exit counts: sysexits.h.
  static func judge(_ outcome: Child.Outcome, _ said: String, _ receipt: String) -> Outcome {
    guard !outcome.timedOut, case .exited(let code) = outcome.end else {
      return .ambiguous("sendmail \(outcome.spoken)")
    }
    if code == 0 { return .sent(receipt: receipt) }
    let reason = said.isEmpty ? "sendmail: exit \(code)" : "\(said) (exit \(code))"
    if let answer = reason.firstMatch(of: /server message: ([245])[0-9][0-9]/) {
      return answer.1 == "4" ? .refused(reason) : .permanent(reason)
    }
    let noConnection = /cannot connect to|cannot locate host|[Cc]onnection refused|[Nn]etwork is unreachable/
    if reason.contains(noConnection) { return .unreachable(reason) }
    return switch code {
    // EX_TEMPFAIL, EX_OSERR: it will be better later.
    case 75, 71: .refused(reason)
    // EX_NOHOST: its own server's name is not known now.
    case 68: .unreachable(reason)
    // EX_IOERR, EX_PROTOCOL: in the middle of it, nobody knows of what.
    case 74, 76: .ambiguous(reason)
    default: .permanent(reason)
    }
  }
}
