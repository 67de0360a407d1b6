import Approvals
import ArgumentParser
import CommandLine
import Deliveries
import Glibc
import Roster
import Runs
import Spool

/// `wait-approval`: asks a person, and waits for his verdict.
struct WaitApprovalTool: Tool {
  static let configuration = configured()

  @OptionGroup var spool: SpoolOptions
  @Option(
    help: ArgumentHelp(
      "Whom to ask: people and CHANNEL:ADDRESS, in the order in which they are tried.", valueName: "to"))
  var to: String
  @Option(help: "One line that says what is asked.") var subject: String?
  @Option(help: "From its confirmed arrival; no answer by then counts as no.") var timeout = Span(argument: "4h")!
  @Option(help: "How long an address has to confirm that it arrived, before the next is tried.") var confirmWithin =
    Span(argument: "15m")!
  @Option(help: "Ask again this often while it is open.") var remind: Span?
  @Option(
    help: "Who alone may answer: names of people/, with commas. Default: Approvers in config, else whom it is for.")
  var approvers: String?
  @Option(help: "An idempotency key: one key, one request, one verdict.") var key: String?
  @Option(name: .customLong("as"), help: "Whose voice asks, on channels that have several.") var speaker: String?
  @Flag(help: "Print the verdict as one JSON object.") var json = false

  func validate() throws {
    if timeout.duration <= .zero { throw ValidationError("--timeout: longer than nothing") }
    if confirmWithin.duration <= .zero { throw ValidationError("--confirm-within: longer than nothing") }
    for span in [timeout, confirmWithin] + [remind].compactMap({ $0 }) where span.duration > Self.longest {
      throw ValidationError("\(span.defaultValueDescription): at most 366d")
    }
    if let remind, remind.duration < .seconds(1) { throw ValidationError("--remind: at least 1s") }
  }

  private static let longest = Duration.seconds(366 * 86400)

  func run() throws {
    let text = try Input.text(for: "what is to be approved")
    let opened = try spool.open(as: "wait-approval")
    var request = ApprovalRequest(to: try Address.resolve(to, in: opened), text: text)
    request.subject = subject
    request.timeout = timeout.duration
    request.confirmWithin = confirmWithin.duration
    request.remind = remind?.duration
    request.speaker = speaker
    request.approvers = try names(in: opened)
    let desk = try Desk(Courier(opened))
    try desk.approvals.sweep()
    try desk.replies.sweep()
    let key = try StepUse.key(key, tool: "wait-approval", to: to)
    let id = try request.commit(to: opened, key: key)
    // Under a key that was used before the first one counts, with all that it says.
    let first = try desk.request(id) ?? request
    if first.addresses != request.addresses || first.timeout != request.timeout || first.approvers != request.approvers
    {
      complain("wait-approval: --key: \(id.short) was asked with other options, and those count")
    }
    request = first
    if isatty(STDERR_FILENO) == 1 && !spool.quiet { show(text, id) }
    try wait(desk, id, request).run { ending in try end(ending, of: id, desk) }
  }

  /// - Throws: `.configuration` where one of them has no file: nobody could answer.
  private func names(in spool: SpoolDirectory) throws -> [String] {
    let names = (approvers ?? "").split(separator: ",").map { String($0.trimmed) }.filter { !$0.isEmpty }
    let asked = try approvers == nil ? Settings(spool).approvers : names
    let option = approvers == nil ? "Approvers:" : "--approvers"
    for name in asked where try Person(named: name, in: spool) == nil {
      throw Failure(
        .configuration, "\(option) \(name)", "there is no \(spool.path)/people/\(name)",
        do: "write that file; its lines say by what he is known: Telegram: 4711, Email: a@example.org, Uid: 1000")
    }
    guard approvers == nil || !names.isEmpty else {
      throw Failure(.usage, "--approvers", "names nobody", do: "leave it out, or name people")
    }
    return names
  }

  private func wait(_ desk: Desk, _ id: EntryID, _ request: ApprovalRequest) -> ApprovalWait {
    var wait = ApprovalWait(desk, id, request)
    if request.addresses.contains(where: { $0.channel == "telegram" }) { wait.companion = companion(desk, request) }
    guard isatty(STDERR_FILENO) == 1, !spool.quiet else { return wait }
    wait.onOpen = { proof, deadline in
      complain(
        "Arrived at \(proof.address) at \(proof.delivered.rfc3339Seconds); open until \(deadline.rfc3339Seconds).")
      complain("From another terminal: approve \(id.short), or reject \(id.short)")
    }
    wait.onSecond = { left in
      guard Terminal.isOurs else { return }
      // The line is written over each second.
      let seconds = Duration.seconds(left.components.seconds)
      Terminal.write("\r\u{1B}[K\(seconds.spoken) left ")
    }
    return wait
  }

  /// - Returns: nil where none is installed: then a relay elsewhere, or the tick, has to read the answer.
  private func companion(_ desk: Desk, _ request: ApprovalRequest) -> Companion? {
    // One who has no bot of his own speaks by the spool's, which is main's.
    let own = request.speaker.flatMap { try? Agent(named: $0, in: desk.spool) }?.telegramTokenFile
    let agent = own == nil ? "main" : request.speaker!
    let arguments = ["--companion", "--agent", agent]
    guard let command = try? TelegramRelayTool.command(in: desk.spool, arguments: arguments) else { return nil }
    return Companion("telegram-for-\(agent)", command, in: desk.spool)
  }

  /// What is asked, for who looks on.
  private func show(_ text: [UInt8], _ id: EntryID) {
    complain("Request \(id)")
    if let subject { complain("Subject: \(subject.printable)") }
    Terminal.show(text, of: id)
    complain("Asking \(to.printable) ...")
  }

  private func end(_ ending: ApprovalWait.Ending, of id: EntryID, _ desk: Desk) throws {
    if Terminal.isOurs && !spool.quiet { Terminal.write("\r\u{1B}[K") }
    switch ending {
    case .decided(let verdict):
      try report(verdict.word.rawValue, verdict.note, id, desk)
      switch verdict.word {
      case .approved: return
      case .rejected: throw Exit(.no)
      case .timeout: throw Exit(.timedOut)
      }
    case .unheard(let reason):
      try report("undelivered", reason, id, desk)
      throw Failure(
        .unavailable, id.description, "has reached nobody: \(reason)",
        do: "it stays open and is tried again; approve \(id.short) answers it, wait-approval with its --key goes on")
    case .cancelled(let reason):
      try report("undelivered", reason, id, desk)
      throw Failure(.unavailable, id.description, reason, do: "ask again under another --key")
    case .stopped(let number):
      if isatty(STDERR_FILENO) == 1 && !spool.quiet {
        complain(
          "\(id.short) stays open: the same command with its --key goes on; spool cancel \(id.short) gives it up")
      }
      throw Exit(.signal(number))
    case .outOfTime:
      throw Failure(
        .tryAgain, id.description, "our caller's time is over, and there is no verdict yet",
        do: "it stays open; wait-approval with its --key goes on")
    }
  }

  private func report(_ word: String, _ note: String, _ id: EntryID, _ desk: Desk) throws {
    if json {
      var fields = ["id": id.description, "verdict": word, "note": note]
      for line in try desk.approvals.response(id)?.header.lines ?? [] where Self.told.contains(line.name) {
        fields[line.name.lowercased().replacing("-", with: "_")] = line.value
      }
      return output(try JSONLine.encode(fields))
    }
    output(word)
    // Whoever answers may write what a terminal would obey.
    if !note.isEmpty { output(note.printableLines) }
  }

  /// Of the verdict's record.
  private static let told = [
    "Who", "Via", "Answered", "Decided", "Reply", "Request-Sha256", "Delivered", "Delivered-To", "Receipt", "Deadline",
  ]
}
