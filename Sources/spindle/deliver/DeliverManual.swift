import CommandLine
import Jobs
import Spool

extension DeliverTool {
  static let manual = Manual(
    name: "deliver",
    summary: "send a message, and keep at it until there is a receipt",
    description: """
      Takes a message on standard input, commits it to the queue deliveries/, tries to send it at once, and prints its ID.
      Exit 0 means that it is accepted: it survives a crash and a power cut, and is tried again (by spool tick, deliver
      --recover, or deliver --watch) until it is delivered, is given up after --attempts, or expires. Delivered means that the
      channel gave a receipt; it lies in deliveries/re/ID.

      --to names a person (people/NAME in the spool; all his channels, in his order), one of his channels (telegram:me), or
      CHANNEL:ADDRESS; several with commas. After a permanent failure, or --attempts that failed, the next address is
      tried, and with --confirm-within also when that time is over without a receipt; after the last it is the first one's
      turn again.

      A delivery is marked in doubt (,0d in its name) before its first byte goes out. Where a try ended so that nobody knows
      whether the message went out, or its process died in the middle, it is sent again on a channel where that does no harm
      (one that is idempotent), and else by --in-doubt: resend marks it as a possible repeat, hold waits for you, drop gives it
      up.

      Each address is a line of its own: one message at a time, in the order of publishing, at the pace that its channel
      promises (Telegram: one a second, twenty a minute in a group), whoever sends. Lines go side by side, and one that fails
      is left alone for longer and longer; it holds up no other. A message waits up to 10 s for its turn, then it is left to
      the next round. Where a server says when to come back, nothing goes to that address before. --ordered keeps the order
      also when an earlier one must be tried again or is held.

      A delivery that is given up, expires or is held is told of by a message to Alert: (in the spool's config; default me); at
      most one an hour for an address.
      """,
    tables: [
      (
        "CHANNELS",
        "deliver --channels lists them, what is configured, and what each promises; deliver --test CHANNEL:ADDRESS proves one.",
        [
          (
            "telegram:CHAT",
            "A bot's message to a chat, by its number, @name, or CHAT/TOPIC. The token is the one of the agent that --as names (Telegram-Token-File), else TELEGRAM_TOKEN_FILE, else secrets/telegram.token: spool setup telegram writes it. More than 4096 characters become several messages, up to 50; the next attempt goes on behind the last that arrived. HTML (--format html) that Telegram does not understand is sent as plain text."
          ),
          (
            "email:NAME@HOST",
            "A mail by the machine's mail system (sendmail). Its Message-ID is the delivery's ID on every attempt. A mail system with a queue (Postfix, Exim) has it then, and tells of a failure by a mail to whom it is from (EMAIL_FROM, else Email-From: in the spool's config)."
          ),
          (
            "webhook:URL, webhook:NAME",
            "A POST of JSON: id, subject, text, from; the same bytes on every attempt. Idempotency-Key is the ID; Delivery-Attempt, and Delivery-Repeat: 1 for a possible repeat, are headers too. Signed as Standard Webhooks (Webhook-Id, Webhook-Timestamp, Webhook-Signature) with the secret of secrets/webhook-NAME (lines Url: and Secret:), else of WEBHOOK_SECRET_FILE."
          ),
          (
            "apprise:TAG",
            "Any of the services of Debian's package apprise: secrets/apprise.conf has lines TAG=URL. With several URLs under a tag, one that fails has all of them sent again."
          ),
          ("file:PATH", "Appended, with its ID, under the file's lock; an ID that is there is not appended again."),
          ("command:PROGRAM ARGS", "Your program gets the message on standard input; its exit says what happened."),
          (
            "NAME:ADDRESS",
            "$SPOOL_DIR/channels/NAME, an executable of yours: ten lines of shell will do. docs/channels.md says what it gets and what it answers."
          ),
        ]
      ),
      (
        "ANSWERS",
        "What the channels take an answer for. Transient: it is tried again, 30 s later, doubled up to 1 h. Put off: tried again, and no attempt is counted. Permanent: the next address, or fail/. In doubt: nobody knows, see --in-doubt.",
        [
          ("telegram: ok", "Delivered: message_id, chat and date are the receipt."),
          ("telegram: 429", "Put off by its retry_after, with all that goes to this chat."),
          ("telegram: 409", "Transient."),
          (
            "telegram: 400, 401, 403, other 4xx",
            "Permanent; what cannot be parsed is sent again at once as plain text, and a group that was upgraded under its new number."
          ),
          ("telegram: 5xx, no answer, cut off", "In doubt: Telegram keeps no keys and no list of what a bot has sent."),
          ("webhook: 2xx", "Delivered: the status and the first line of the answer are the receipt."),
          ("webhook: 429, 503 with Retry-After", "Put off until then."),
          ("webhook: 408, 409, 425", "Transient."),
          ("webhook: 5xx, no answer, cut off", "In doubt, and sent again under the same key."),
          ("webhook: 3xx, other 4xx, 501, 505", "Permanent. Redirections are not followed."),
          ("email: server message 4xx, exit 75, 71", "Transient: greylisting, a full mailbox."),
          ("email: server message 5xx, other exits", "Permanent."),
          ("email: exit 74, 76, killed, no end", "In doubt: the mail system lost its server in the middle."),
          ("apprise: 4xx", "Permanent; 429 transient."),
          ("apprise: 5xx, a connection that failed", "In doubt: apprise does not say whether it was before or after."),
          ("any: no name, no route, refused, no TLS", "Put off for 60 s: not a byte went out."),
        ]
      ),
    ],
    exits: [
      (.done, "Accepted; with --wait: delivered."),
      (.no, "With --wait: it was held, cancelled or removed."),
      (
        .malformed,
        "There is no message on standard input; or --approved: the request is not there, was not approved, or for another text."
      ),
      (
        .unavailable,
        "It cannot be delivered and lies in fail/; or the first one under this key has failed; or --test failed."
      ),
      (.timedOut, "With --wait: not delivered within --timeout. It is still being tried."),
    ],
    files: [
      ("$SPOOL_DIR/deliveries/", "The queue. wait/: to be tried again; hold/: in doubt, for you; fail/: dead letters."),
      ("$SPOOL_DIR/deliveries/re/ID", "The receipt."),
      (
        "$SPOOL_DIR/deliveries/lanes/",
        "A file for an address: when the last messages went, and until when none may go."
      ),
      ("$SPOOL_DIR/people/NAME", "A person: Channel: address lines, and Order:."),
      ("$SPOOL_DIR/channels/NAME", "A channel of your own; NAME.promise beside it says what it promises."),
      ("$SPOOL_DIR/secrets/", "Tokens and keys; each file mode 0600."),
    ],
    environment: [
      ("DELIVERY_*", "Set for channels: docs/channels.md."),
      (
        JobRun.runVariable,
        "The run of a job that this is called by: the job's record tells what became of the message."
      ),
      ("TELEGRAM_TOKEN_FILE, TELEGRAM_API", "The file with the bot's token; another server than api.telegram.org."),
      ("WEBHOOK_SECRET_FILE", "The file with the secret that webhooks are signed with."),
      ("SENDMAIL, EMAIL_FROM", "The mail program; whom mails are from."),
      ("APPRISE_CONFIG", "Another file than secrets/apprise.conf."),
    ],
    examples: [
      (
        "To yourself (people/me; at first a file, ~/inbox):", "echo 'The kettle is on.' | deliver --to me --subject Tea"
      ),
      (
        "Once a day, however often this runs, and not when it is stale:",
        "echo 'Good morning.' | deliver --to me --key \"morning-$(date +%F)\" --expires 12h"
      ),
      ("What there is to send by, and whether it works:", "deliver --channels\ndeliver --test file:$HOME/inbox"),
      ("What could not be delivered, and why:", "spool ls deliveries --room fail"),
      (
        "Only what was approved, to the letter (here nobody has approved it):",
        "echo 'Buy!' > advert\nwait-approval --to me --subject advert --timeout 1s < advert || true\ndeliver --to me --approved advert < advert || echo 'not sent'"
      ),
    ],
    seeAlso: ["spool", "claude-call", "job"])
}
