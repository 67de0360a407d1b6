import CommandLine
import Deliveries
import Glibc
import Roster
import Runs
import Spool
import Work

/// Works on one run until it is over, parked or stopped, or waits for who does; then ends as it did.
struct RunRound {
  var keeper: RunKeeper
  var id: EntryID
  var acceptsChange = false

  func run() throws {
    while true {
      switch try keeper.queue.claim(id) {
      case .claimed(let claim):
        let ending = try keeper.goOn(claim, acceptsChange: acceptsChange)
        keeper.sendAlerts()
        if try end(ending) { return }
      case .busy: try awaitOthers()
      case .gone, .settled: if try report() { return }
      }
    }
  }

  /// - Returns: whether that was the end.
  private func end(_ ending: RunKeeper.Ending) throws -> Bool {
    switch ending {
    case .done: return true
    case .failed(let halt):
      say(halt.spoken, "spool show \(id.short) tells what was undone")
      throw Exit(ExitStatus(rawValue: halt.exit == 0 ? ExitStatus.no.rawValue : halt.exit))
    case .waiting(let why, let isDue):
      if isDue { return false }
      say("is put off: \(why)", "it goes on by itself (spool tick)")
      throw Exit(.tryAgain)
    case .held(let halt):
      say("is held: \(halt.spoken)", "spool show \(id.short) tells more")
      throw Exit(.unavailable)
    case .stopped(let number):
      say("stops here, and goes on with the next spool tick", "spool cancel \(id.short) gives it up")
      throw Exit(.signal(number))
    }
  }

  private func say(_ what: String, _ advice: String) {
    complain("pipeline-run: \(id): \(what): \(advice)".printable)
  }

  /// Another process works on it.
  private func awaitOthers() throws {
    let queue = keeper.queue
    let watch = try Watch([queue[.done], queue[.fail], queue[.hold], queue[.wait]], notice: queue.spool.notice)
    // Its worker may die without an event; then it is ours. Elsewhere than in run/ somebody has its lock for a moment.
    let pause: Duration = try queue.locate(id)?.room == .run ? .seconds(2) : .milliseconds(50)
    if case .signal(let number) = watch.wait(atMost: pause) { throw Exit(.signal(number)) }
  }

  /// What has become of it without us.
  private func report() throws -> Bool {
    guard let place = try keeper.queue.locateDurably(id) else {
      throw Failure(.no, id.description, "its record was removed")
    }
    switch place.room {
    case .done:
      if let halt = try keeper.undone(id) {
        throw Failure(
          .unavailable, id.description, "was done, and undone: \(halt.spoken)", do: "begin another, under another --key"
        )
      }
      // Killed between done/ and re/, it is in out/ still; or it is handed over at this moment.
      if try keeper.queue.response(id) == nil { try keeper.queue.sweep() }
      let isOnItsWay = try keeper.queue[.out].contains(id.description)
      guard let response = try keeper.queue.response(id) else {
        if !isOnItsWay { throw Failure(.no, id.description, "its response was removed", do: "spool show \(id.short)") }
        Signals.wait(atMost: .milliseconds(10))
        return false
      }
      output(bytes: response.body)
      if let cut = response.header["Cut"] { complain("pipeline-run: \(id): on record are \(cut)") }
      return true
    case .hold:
      let reason = keeper.queue.lastReason(id) ?? "held"
      say("is \(reason.hasPrefix("held") ? reason : "held: \(reason)")", "spool show \(id.short) tells more")
      throw Exit(.unavailable)
    case .fail, .bad:
      throw Failure(
        .unavailable, id.description, "has failed: \(keeper.queue.lastReason(id) ?? "")",
        do: "spool retry \(id.short) begins again")
    default: return false
    }
  }
}

extension RunKeeper {
  /// With what lies beside this executable.
  /// - Parameter forwarding: whether what the script says goes to our own streams.
  init(_ spool: SpoolDirectory, forwarding: Bool) throws {
    let executable = try Installation.executable()
    try self.init(spool, tools: String(executable[..<(executable.lastIndex(of: "/") ?? executable.endIndex)]))
    if forwarding {
      // Who goes away does not take the run with him.
      onOutput = { forward($0, to: STDOUT_FILENO) }
      onError = { forward($0, to: STDERR_FILENO) }
    }
    onTrouble = { (trouble: Trouble) throws(Failure) in
      var alert = Delivery(to: try Address.ofAlerts(in: spool), text: Array(trouble.text.utf8))
      alert.subject = "run \(trouble.name): \(trouble.halt.kind.rawValue)"
      alert.author = "alert"
      let published = try alert.commit(to: spool, key: trouble.key, quietly: true)
      if published.isNew { Alerts.toSend.append(published.id) }
    }
  }

  /// The run that a person means by this.
  func find(_ reference: String) throws -> Found {
    guard let found = try queue.spool.find(reference).first(where: { $0.queue.name == RunRequest.queueName }) else {
      throw Failure(.no, reference, "no run is called that", do: "spool ls runs --all shows them")
    }
    return found
  }

  /// How long the end of a run may wait for a channel; what is not sent by then, spool tick sends.
  private static let patience = Duration.seconds(10)

  /// What has been told of is sent at once, where no tick runs too.
  func sendAlerts() {
    defer { Alerts.toSend = [] }
    for id in Alerts.toSend {
      // It is committed: what goes wrong now is the deliveries' business, and mended there.
      do { _ = try Courier(queue.spool).send(id, patience: Self.patience) } catch {
        complain("pipeline-run: \(id): \(error)")
      }
    }
  }

  /// Goes on with each of these runs in a process of its own.
  func start(_ ids: [EntryID]) throws -> Set<pid_t> {
    var processes: Set<pid_t> = []
    for id in ids {
      let command = Command(
        path: try Installation.executable(),
        arguments: ["pipeline-run", "-q", "-C", queue.spool.path, "--resume", "\(RunRequest.queueName)/\(id)"],
        environment: inheritedEnvironment(), directory: "/")
      processes.insert(try Child.startOnItsOwn(command))
    }
    return processes
  }
}

/// Of this process, committed and not sent yet.
private enum Alerts { nonisolated(unsafe) static var toSend: [EntryID] = [] }

extension RunKeeper.Trouble {
  fileprivate var text: String {
    """
    The run \(name) stops: \(halt.spoken)
    \(advice)
    To see it: spool show \(id.short)

    """
  }
}
