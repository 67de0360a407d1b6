import CommandLine
import Spool

extension WaitApprovalTool {
  static let manual = Manual(
    name: "wait-approval", summary: "ask a person, and wait for his verdict",
    description: """
      Puts what comes on standard input to a person, through deliver, and waits for yes or no. The first line of standard output \
      is approved, rejected, timeout or undelivered, the lines behind it are the note that came with the verdict.

      The clock starts when a channel has confirmed that the request arrived; its receipt is stored with the request. Each \
      address of --to has --confirm-within for that, then the next is tried. A request that reached nobody ends this with 69, \
      stays open, is tried again each 15 m by spool tick, and is told to Alert: in config; it never counts as a no. No answer \
      in time does: 124.

      The first verdict wins, and one rename decides which that is: replies that come at the same time, or late, change nothing \
      and are told so. A reply that came in time counts though nobody was waiting. Killed, or after a reboot, the same command \
      with the same --key goes on waiting for the same request until the same time; without anybody waiting spool tick keeps \
      its time.

      On a terminal it shows what is asked, where it arrived, and the time that is left; elsewhere it is silent.
      """,
    tables: [
      (
        "ANSWERING",
        "All of these decide alike.",
        [
          ("approve ID, reject ID", "A full ID, a unique prefix, its six characters, or its slug."),
          ("touch $SPOOL_DIR/replies/drop/ID.yes", "Or ID.no; the file is empty, or says yes: NOTE."),
          (
            "a file ID in replies/drop/",
            "Its first line is yes, approve, ok, no or reject alone, or yes: NOTE. Anything else decides nothing, and is asked back."
          ),
          ("a button, or a reply to the message", "On Telegram, while telegram-relay or wait-approval runs."),
          ("a reply by mail", "Where approve --from-mail gets the mail."),
        ]
      )
    ],
    exits: [
      (.done, "Approved."),
      (.no, "Rejected."),
      (.malformed, "There is nothing on standard input; or the key was used for another text."),
      (.unavailable, "The request has reached nobody; or it was cancelled."),
      (.tryAgain, "The caller's time is over (SPINDLE_DEADLINE), and there is no verdict yet."),
      (.configuration, "A person has no file in people/, or a settings file is wrong."),
      (.timedOut, "No answer in time: rejected by default."),
    ],
    files: [
      (
        "$SPOOL_DIR/approvals/hold/",
        "The open requests, each with its deadline as its time (ls -l); touch -d puts it off."
      ),
      ("$SPOOL_DIR/approvals/wait/", "Requests that no channel has confirmed yet."),
      ("$SPOOL_DIR/approvals/log/ID.proof", "When, where and by what receipt it arrived, and its deadline."),
      (
        "$SPOOL_DIR/approvals/re/ID",
        "The verdict: what, who, when, over which channel, and the SHA-256 of what was approved."
      ),
      ("$SPOOL_DIR/replies/", "The replies; done/ keeps them, re/ says what became of each."),
      ("$SPOOL_DIR/people/NAME", "By what a person is known: Telegram: 4711, Email: a@example.org, Uid: 1000."),
      ("$SPOOL_DIR/config", "Approvers: who may answer; Alert: who is told of what went wrong."),
    ],
    environment: [("SPINDLE_DEADLINE", "When the caller's time is over (RFC 3339); what it starts inherits it.")],
    examples: [
      (
        "Ask, and go on only after a yes (here nobody answers, and that is a no):",
        "echo 'Publish the brief?' | wait-approval --to me --subject Brief --timeout 1s || echo 'not published'"
      ),
      (
        "A yes that is given while it waits:",
        "echo 'Pay 12.50?' | wait-approval --to me --subject Baker --timeout 1m & sleep 1\napprove -m 'with thanks' baker\nwait"
      ),
    ],
    seeAlso: ["approve", "reject", "telegram-relay", "deliver", "spool"])
}

extension ApproveTool {
  static let manual = Manual(
    name: "approve", summary: "say yes to a request",
    description: """
      Answers a request of wait-approval with yes, and prints the verdict. Without an ID, on a terminal, it shows the only open \
      request and asks. Where the verdict is no already, it changes nothing and exits with 1.

      With --from-mail it reads a mail from standard input, as .forward, procmail or a sieve pipe give it, and takes its first \
      own line for the answer, yes or no. The request is found by the plus address (spindle+ID@example.org) or by the mail that \
      it replies to; quoted text does not count. The mail counts only where the header that Email-Authentication: in config \
      names says that it is from whom it says it is: that header must be one that your own mail system writes, under a name that it \
      takes away from what comes in. A mail that is refused exits with 65 or 77, which a mail system gives back to its sender; \
      one that a machine wrote is passed over.
      """,
    exits: [
      (.done, "Approved, by this or before; with --from-mail: the answer was taken."),
      (.no, "Too late: it is rejected. Or no request is called that."),
      (.usage, "Several requests are called that, or none was named."),
      (.malformed, "The mail cannot be read, has no text of its own, or answers no request."),
      (.tryAgain, "Another process holds the request; the answer is accepted, and will count."),
      (.notAllowed, "Whoever answers may not; or nothing vouches for the mail."),
      (.configuration, "A settings file is wrong. An answer is accepted all the same, and will count."),
    ],
    files: [
      ("$SPOOL_DIR/approvals/hold/", "The open requests."),
      ("$SPOOL_DIR/approvals/re/ID", "The verdict."),
      ("$SPOOL_DIR/replies/", "The replies; done/ keeps them, re/ says what became of each."),
      (
        "$SPOOL_DIR/config",
        "Email-Reply-To: where answers by mail go; Email-Authentication: Authentication-Results mx.example.org."
      ),
    ],
    examples: [
      (
        "The open request of wait-approval:",
        "echo 'Publish?' | wait-approval --to me --subject Post --timeout 1m & sleep 1\napprove post\nwait"
      )
    ],
    seeAlso: ["wait-approval", "reject", "spool"])
}

extension RejectTool {
  static let manual = Manual(
    name: "reject", summary: "say no to a request",
    description: """
      Answers a request of wait-approval with no, and prints the verdict. Without an ID, on a terminal, it shows the only open \
      request and asks. Where the verdict is yes already, it changes nothing and exits with 1.
      """,
    exits: [
      (.done, "Rejected, by this or before."),
      (.no, "Too late: it is approved. Or no request is called that."),
      (.usage, "Several requests are called that, or none was named."),
      (.tryAgain, "Another process holds the request; the answer is accepted, and will count."),
      (.notAllowed, "Whoever answers may not."),
      (.configuration, "A settings file is wrong. An answer is accepted all the same, and will count."),
    ],
    files: [
      ("$SPOOL_DIR/approvals/hold/", "The open requests."), ("$SPOOL_DIR/approvals/re/ID", "The verdict."),
    ],
    examples: [
      (
        "The open request of wait-approval:",
        "echo 'Delete all?' | wait-approval --to me --subject Delete --timeout 1m & sleep 1\nreject -m never delete\nwait || true"
      )
    ],
    seeAlso: ["wait-approval", "approve", "spool"])
}
