import Approvals
import ArgumentParser
import CommandLine
import Deliveries
import Glibc
import Roster
import Spool

/// `approve`: yes to a request.
struct ApproveTool: Tool {
  static let configuration = configured()

  @OptionGroup var spool: SpoolOptions
  @Option(name: .shortAndLong, help: "A note that goes with the verdict.") var message: String?
  @Flag(help: "Read a mail that answers a request from standard input, and take its word for it.") var fromMail = false
  @Argument(help: "The request; where only one is open, a terminal is asked about it.", completion: openRequests)
  var id: String?

  func validate() throws {
    if fromMail && (id != nil || message != nil) { throw ValidationError("--from-mail takes both from the mail") }
  }

  func run() throws {
    if fromMail { return try MailAnswer(spool: spool).run() }
    try Answer(spool: spool, verdict: .approved, id: id, message: message).run()
  }
}

/// `reject`: no to a request.
struct RejectTool: Tool {
  static let configuration = configured()

  @OptionGroup var spool: SpoolOptions
  @Option(name: .shortAndLong, help: "A note that goes with the verdict: why not.") var message: String?
  @Argument(help: "The request; where only one is open, a terminal is asked about it.", completion: openRequests)
  var id: String?

  func run() throws { try Answer(spool: spool, verdict: .rejected, id: id, message: message).run() }
}

/// The open ones, for the shell's completion: who presses a key makes no spool by that.
private let openRequests = CompletionKind.custom { words, _, _ in
  let typed = words.last ?? ""
  let given = zip(words, words.dropFirst()).filter { ["-C", "--spool"].contains($0.0) }.last?.1
  guard let path = try? given ?? SpoolOptions.parse([]).path(),
    (try? Directory(path: "\(path)/\(ApprovalRequest.queueName)")) != nil,
    let spool = try? SpoolOptions.open(path, as: "approve"), let desk = try? Desk(Courier(spool))
  else { return [] }
  return ((try? desk.openRequests()) ?? []).map(\.id.description).filter { $0.hasPrefix(typed) }
}

/// What both do: publish a reply, decide by it, and say what came of it.
struct Answer {
  var spool: SpoolOptions
  var verdict: Verdict.Word
  var id: String?
  var message: String?

  private var tool: String { verdict == .approved ? "approve" : "reject" }

  func run() throws {
    let opened = try spool.open(as: tool)
    let desk = try Desk(Courier(opened))
    let id = try find(desk)
    let words = Reply.words(verdict == .approved ? "yes" : "no", note: message ?? "")
    let reply = try Reply(to: id.description, words, from: .owner(geteuid()), over: "approve").commit(to: opened)
    let outcome: ReplyOutcome
    do { outcome = try ReplyOutcome(of: reply, desk) } catch var failure as Failure {
      // Whoever reads this has answered, and need not answer again.
      failure.why += " (your answer is accepted, and will count)"
      throw failure
    }
    if let refusal = outcome.refusal { throw Failure(.notAllowed, id.short.description, refusal) }
    guard let decided = try desk.verdict(id) else {
      throw Failure(.no, id.short.description, outcome.words, do: "spool show \(id.short) shows the request")
    }
    guard (decided.word == .approved) == (verdict == .approved) else {
      throw Failure(.no, id.short.description, "too late: \(decided.short)", do: "spool show \(id.short) tells more")
    }
    if !spool.quiet { output(decided.spoken.printable) }
    // Who was asked elsewhere sees it at once, where there is a way to tell him.
    try Courtesies(desk).tend()
  }

  /// The request that is meant; without a word for it the only one that is open, if its person says so.
  private func find(_ desk: Desk) throws -> EntryID {
    if let id { return try desk.find(id) }
    let open = try desk.openRequests()
    func list() { for request in open { complain("  \(request.id)  \(request.subject?.printable ?? "")") } }
    guard isatty(STDIN_FILENO) == 1 else {
      list()
      throw Failure(.usage, "ID", "no request was named", do: "\(tool) ID; spool ls approvals lists them")
    }
    guard open.count == 1, let only = open.first else {
      list()
      throw Failure(
        open.isEmpty ? .no : .usage, ApprovalRequest.queueName,
        open.isEmpty ? "no request is open" : "\(open.count) requests are open",
        do: open.isEmpty ? nil : "name one: \(tool) ID")
    }
    complain("Request \(only.id)")
    if let subject = only.subject { complain("Subject: \(subject.printable)") }
    guard Terminal.show(only.body, of: only.id) else {
      throw Failure(
        .usage, only.id.short.description, "the request is too long to be shown here",
        do: "read it, then \(tool) \(only.id.short)")
    }
    Terminal.write("\(tool == "approve" ? "Approve" : "Reject") it? [y/N] ")
    guard ["y", "yes"].contains((readLine() ?? "").lowercased()) else {
      throw Failure(.no, only.id.short.description, "nothing was decided")
    }
    return only.id
  }
}

/// What became of a reply that we have published.
struct ReplyOutcome {
  var words: String
  var refusal: String?

  /// Decides what there is to decide, until the reply has its outcome: somebody else may be at it.
  init(of reply: EntryID, _ desk: Desk) throws {
    var tries = 0
    while true {
      let round = try desk.tend()
      if let record = try desk.replies.response(reply) {
        words = record.text.trimmingNewlines
        refusal = record.header["Result"] == "refused" ? words : nil
        return
      }
      // Late, and nobody has said so yet.
      if let id = try desk.request(of: reply) { _ = try desk.advance(id, asOf: round.asOf(id)) }
      tries += 1
      guard tries < 250 else {
        throw Failure(
          .tryAgain, reply.description, "is accepted, and not decided yet: another process holds the request",
          do: "spool show \(reply.short) says what became of it")
      }
      usleep(20_000)
    }
  }
}

extension String {
  var trimmingNewlines: String { hasSuffix("\n") ? String(dropLast()) : self }
}
