import Approvals
import ArgumentParser
import CommandLine
import Deliveries
import Glibc
import Jobs
import Roster
import Runs
import Spool
import Work

/// `deliver`: a message that is committed before it is sent, and is sent until there is a receipt.
struct DeliverTool: Tool {
  static let configuration = configured()

  @OptionGroup var spool: SpoolOptions
  @Option(
    help: ArgumentHelp("Where to: people and CHANNEL:ADDRESS, in the order in which they are tried.", valueName: "to"))
  var to: String?
  @Option(help: "One line that says what it is.") var subject: String?
  @Option(help: "An idempotency key: one key, one message.") var key: String?
  @Option(help: "A span (12h) or a time (RFC 3339) after which it is not sent any more.") var expires: Expiry?
  @Option(help: "What is done when it may have been sent: resend, hold or drop.") var inDoubt = Delivery.DoubtPolicy
    .resend
  @Option(help: "How often it is tried.") var attempts = 5
  @Option(name: .customLong("as"), help: "Whose voice it is, on channels that have several.") var speaker: String?
  @Option(help: "How the text is written: text or html.") var format: Format?
  @Flag(help: "Send it only when every earlier ordered one to the same address is over.") var ordered = false
  @Option(help: "How long an address has to give a receipt before it is the next one's turn.") var confirmWithin: Span?
  @Option(
    help: ArgumentHelp(
      "Send it only if this request of wait-approval, by its ID or its --key, was approved, and for just this text.",
      valueName: "request"))
  var approved: String?
  @Option(help: ArgumentHelp("What it answers there: a message's number, a mail's Message-ID.", valueName: "message"))
  var answers: String?
  @Flag(help: "Wait until it is delivered.") var wait = false
  @Option(help: "How long --wait waits.") var timeout = Span(argument: "1h")!
  @Flag(help: "Send all that is due, then exit.") var recover = false
  @Flag(help: "Send what lands, as it lands; until SIGTERM.") var watch = false
  @Flag(help: "List the channels, what is configured, and what each promises.") var channels = false
  @Option(help: ArgumentHelp("Send a test message, and wait for its receipt.", valueName: "channel:address"))
  var test: String?
  @Flag(help: "With --channels: one JSON object a line.") var json = false

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, html }

  /// How long a message may wait for its turn, at an address with a pace, before it is left to the next round.
  private static let patience = Duration.seconds(10)

  func validate() throws {
    let ways = [to != nil, recover, watch, channels, test != nil].filter { $0 }.count
    if ways != 1 { throw ValidationError("give one of --to, --recover, --watch, --channels and --test") }
    if attempts < 1 { throw ValidationError("--attempts: at least 1") }
  }

  func run() throws {
    if channels { return try ChannelList(spool: spool.open(as: "deliver"), json: json).print() }
    if let test { return try proveChannel(test) }
    guard let to else { return try recoverAll() }
    Signals.catchThem()
    let message = try Input.text(for: "the message")
    let opened = try spool.open(as: "deliver")
    var courier = try Courier(opened)
    let request = try approved.map { try Desk(courier).checkApproval(of: message, by: $0) }
    var delivery = Delivery(to: try Address.resolve(to, in: opened), text: message)
    delivery.approved = request
    delivery.subject = subject
    delivery.expires = expires?.time
    delivery.doubtPolicy = inDoubt
    delivery.attempts = attempts
    delivery.speaker = speaker
    delivery.format = format == .html ? "html" : nil
    delivery.isOrdered = ordered
    delivery.answers = answers
    delivery.confirmWithin = confirmWithin?.duration
    let queue = try courier.queue()
    try queue.sweep()
    let key = try StepUse.key(key, tool: "deliver", to: to)
    let id = try commit(delivery, to: opened, key: key, addressedTo: to)
    if let request {
      opened.journal.write("let-out", queue: ApprovalRequest.queueName, id: request, detail: "delivery \(id)")
    }
    // Printed as soon as it is true: what follows may take long, or be killed.
    if !spool.quiet { output(id.description) }
    let deadline = Deadline.within(timeout.duration)
    var isSent = false
    courier.onSent = { sent, _ in if sent == id { isSent = true } }
    try send(id, courier, until: wait ? deadline : nil)
    // By us, and durable: nothing is to be looked for.
    if isSent { return }
    try report(id, in: queue, courier, until: deadline)
  }

  /// Commits it; called by the command of a job, that one's record says so.
  private func commit(
    _ delivery: Delivery, to spool: SpoolDirectory, key: String?, addressedTo to: String
  ) throws -> EntryID {
    guard let sent = JobSent(of: inheritedEnvironment(), in: spool) else {
      return try delivery.commit(to: spool, key: key).id
    }
    var delivery = delivery
    delivery.job = sent.run
    sent.note(.to(to))
    do {
      let id = try delivery.commit(to: spool, key: key).id
      sent.note(.handedOver(id))
      return id
    } catch {
      sent.note(.refused("\(error)"))
      throw error
    }
  }

  /// Through all that a message goes through, and no second time.
  private func proveChannel(_ address: String) throws {
    Signals.catchThem()
    let opened = try spool.open(as: "deliver")
    let courier = try Courier(opened)
    let text = "A test from Spindle on \(SpoolDirectory.hostName), at \(Timestamp.now.rfc3339Seconds).\n"
    var delivery = Delivery(to: try Address.resolve(address, in: opened), text: Array(text.utf8))
    delivery.subject = "Test of \(address)"
    delivery.attempts = 1
    delivery.doubtPolicy = .drop
    let queue = try courier.queue()
    let id = try delivery.commit(to: opened).id
    try send(id, courier)
    // A resident courier may have it.
    let deadline = Deadline.within(Channel.timeout)
    while try queue.locate(id)?.room == .run && !deadline.hasPassed { try waitForChange(of: id, in: queue, deadline) }
    guard try queue.locateDurably(id)?.room == .done, let receipt = try queue.response(id) else {
      let reason = queue.lastWord(id) ?? "it failed"
      // Nobody waits for it any more.
      if case .claimed(let claim) = try queue.claim(id) { try claim.fail("the test is over") }
      throw Failure(.unavailable, address, reason, do: "spool show \(id.short) tells more")
    }
    output(receipt.text, terminator: receipt.text.hasSuffix("\n") ? "" : "\n")
  }

  private func recoverAll() throws {
    var courier = try Courier(try spool.open(as: "deliver"))
    if !spool.quiet { courier.onSent = sayRecovered }
    let found = spool.quiet ? { _ in } : sayFound
    if watch {
      _ = try courier.watch(found: found)
    } else if let number = try courier.recover(found: found) {
      throw Exit(.signal(number))
    }
  }

  private func send(_ id: EntryID, _ courier: Courier, until deadline: Deadline? = nil) throws {
    if let number = try courier.send(id, patience: deadline?.remaining ?? Self.patience) {
      throw Exit(.signal(number))
    }
  }

  /// Where the delivery stands after the first try.
  private func report(_ id: EntryID, in queue: Queue, _ courier: Courier, until deadline: Deadline) throws {
    while true {
      guard let place = try queue.locateDurably(id) else { throw Failure(.no, id.description, "was removed") }
      switch place.room {
      case .done: return
      case .fail, .bad:
        throw Failure(
          .unavailable, id.description, queue.lastWord(id) ?? "it failed", do: "spool retry \(id.short) tries again")
      case .hold:
        complain("deliver: \(id): \(queue.lastWord(id) ?? "held")".printable)
        throw Exit(wait ? .no : .done)
      default:
        guard wait else {
          return complain("deliver: \(id): not sent yet: \(queue.lastWord(id) ?? "another process sends it")".printable)
        }
        if deadline.hasPassed {
          throw Failure(
            .timedOut, id.description, "not delivered yet: \(queue.lastWord(id) ?? "")", do: "it is still being tried")
        }
        try waitForChange(of: id, in: queue, deadline)
        if let place = try queue.locate(id), place.room == .new || place.room == .wait && isDue(place, in: queue) {
          try send(id, courier, until: deadline)
        }
      }
    }
  }

  private func isDue(_ place: Place, in queue: Queue) -> Bool {
    (try? queue[.wait].status(place.fileName)).flatMap { $0 }.map { $0.modified <= .now } ?? false
  }

  private func waitForChange(of id: EntryID, in queue: Queue, _ deadline: Deadline) throws {
    let watch = try Watch([queue[.done], queue[.fail], queue[.hold], queue[.wait]], notice: queue.spool.notice)
    // What has changed before the watch was there makes no event.
    guard let place = try queue.locate(id), [.run, .wait, .new].contains(place.room) else { return }
    var pause = deadline.remaining
    // In new/, or in wait/ and due, it waits for its address's turn, of which there is no event here.
    if place.room == .new { pause = min(pause, .seconds(1)) }
    if place.room == .wait, let due = try queue[place.room].status(place.fileName)?.modified {
      pause = min(pause, due > .now ? due - .now : .seconds(1))
    }
    if case .signal(let number) = watch.wait(atMost: pause) { throw Exit(.signal(number)) }
  }
}

/// What a recovery says: the words that operators of other gateways grep for.
func sayRecovered(_ id: EntryID, _ address: Address) {
  complain("[delivery-recovery] Recovered delivery \(id)")
}

func sayFound(_ count: Int) {
  complain("[delivery-recovery] Found \(count) pending delivery \(count == 1 ? "entry" : "entries")")
}

extension Delivery.DoubtPolicy: ExpressibleByArgument {}

extension Courier {
  /// With the channels that were installed beside this executable.
  init(_ spool: SpoolDirectory) throws(Failure) {
    self.init(
      spool: spool, installedChannels: try Installation.find("libexec/spindle/channels", inSource: "Sources/channels"),
      executable: try Installation.executable())
    onWords = { id, said in
      for line in said.split(separator: "\n") { complain("\(spool.tool): \(id): \(line)".printable) }
    }
  }
}
