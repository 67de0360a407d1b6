import Approvals
import CommandLine
import Deliveries
import Roster
import Spool

/// `approve --from-mail`: a mail that answers a request. What is wrong with the mail is said by our exit, which a mail system gives
/// back to its sender; what is wrong with the answer, by an answer.
struct MailAnswer {
  var spool: SpoolOptions

  func run() throws {
    let opened = try spool.open(as: "approve")
    let bytes = try Input.text(for: "a mail")
    let desk = try Desk(Courier(opened))
    let mail: MailReply
    let voucher: String
    do throws(MailProblem) {
      mail = try MailReply(bytes)
    } catch .automatic(let header) {
      // Given back, it would be answered by a machine again.
      complain("approve: a mail is passed over: its \(header) says that a machine wrote it")
      return opened.journal.write("passed-over", queue: Reply.queueName, detail: "a mail with \(header)")
    } catch { throw Failure(.malformed, "the mail", error.words, do: "answer yes or no, in plain text") }
    do { voucher = try vouch(for: mail, opened) } catch let failure as Failure {
      opened.journal.write("refused", queue: Reply.queueName, detail: "a mail from \(mail.from): \(failure.why)")
      throw failure
    }
    guard let id = try desk.request(answeredBy: mail) else {
      throw Failure(
        .malformed, "the mail", "answers no request: neither its address nor what it replies to names one",
        do: "answer by a reply to the mail that asks")
    }
    // What a person once wrote about something else, and still is signed for, must not be sent again as an answer to this.
    guard let written = mail.written, written > id.time - Self.skew else {
      throw Failure(
        .malformed, "the mail", mail.written == nil ? "says no date" : "was written before what it answers",
        do: "answer by a reply to the mail that asks")
    }
    var reply = Reply(to: id.description, mail.text, from: .email(mail.from), over: "email")
    reply.chat = Address(channel: "email", value: mail.from)
    reply.message = mail.messageID
    reply.voucher = voucher
    // A mail system may hand it over twice.
    let answer = try reply.commit(to: opened, key: "mail-\(mail.messageID ?? sha256(bytes))")
    let outcome = try ReplyOutcome(of: answer, desk)
    if !spool.quiet { output(outcome.words.printable) }
    try Courtesies(desk).tend()
  }

  /// By how much the clocks of two machines may differ.
  private static let skew = Duration.seconds(600)

  private func vouch(for mail: MailReply, _ spool: SpoolDirectory) throws -> String {
    let path = "\(spool.path)/config"
    guard let text = try Settings(spool).emailAuthentication else {
      throw Failure(
        .notAllowed, path, "does not say what vouches for a mail, so none counts",
        do:
          "Email-Authentication: Authentication-Results NAME, with the name under which your own mail system writes it")
    }
    guard let rule = AuthenticationRule(text) else {
      throw Failure(
        .configuration, path, "Email-Authentication: \(text)", do: "write a header's name and a server's name")
    }
    do throws(MailProblem) { return try mail.authentication(by: rule) } catch {
      throw Failure(.notAllowed, "the mail from \(mail.from)", error.words)
    }
  }
}
