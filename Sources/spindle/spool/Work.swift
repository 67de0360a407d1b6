import ArgumentParser
import CommandLine
import Glibc
import Spool
import Work

extension SpoolTool {
  struct Work: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "work", abstract: "Run a command on each entry of a queue.",
      discussion: """
        The command gets the body on standard input, and in its environment SPOOL_ID, SPOOL_QUEUE, SPOOL_ATTEMPT and each
        header line (Chat: is SPOOL_HEADER_CHAT). Exit 0: what it printed is the product; it goes to the queue
        --to names, under the same ID, or, where it printed anything, to re/ID. Exit 74 or 75, death by a signal, and
        --timeout are tried again; any other exit is final, and the entry lies in fail/. The command dies with this
        worker, and no second copy of it starts while any part of the first lives. SIGTERM hands back what is in hand.
        """.reflowed)

    @OptionGroup var spool: SpoolOptions
    @Option(help: "The queue that gets the products.") var to: String?
    @Flag(help: "Work off all that is ready, then exit.") var once = false
    @Option(help: "So many workers at once.") var workers = 1
    @Option(help: "How long one attempt may take.") var timeout = Span(argument: "1h")!
    @Option(help: "How often an entry is tried.") var attempts = 5
    @Argument(help: "The queue.") var queue: String
    @Argument(parsing: .postTerminator, help: "The command and its arguments, after --.") var command: [String] = []

    func validate() throws {
      guard workers >= 1 && workers <= 1000 else { throw ValidationError("--workers: a number from 1 to 1000") }
      guard attempts >= 1 else { throw ValidationError("--attempts: at least 1") }
      guard !command.isEmpty else { throw ValidationError("the command is missing: spool work \(queue) -- COMMAND") }
    }

    func run() throws {
      let opened = try spool.open(as: "spool")
      let queue = try opened.queue(queue)
      if let to {
        guard to != queue.name else {
          throw Failure(
            .usage, "--to \(to)", "is the queue itself: an ID lies in a queue once", do: "name another queue")
        }
        _ = try opened.queue(to)
      }
      queue.next = to
      let searched = Command.searchPath(inheritedEnvironment())
      guard let path = try Command.find(command[0], in: searched) else {
        throw Failure(
          .unavailable, command[0], "no such program in \(searched.joined(separator: ":"))", do: "give its full path")
      }
      if workers > 1 { return try Crew(size: workers, path: opened.path).run() }
      let step = CommandStep(
        path: path, arguments: command, timeout: timeout.duration, attempts: attempts, onError: { complain(bytes: $0) })
      let worker = Worker(queue: queue, attempts: attempts)
      if let number = try worker.run(once: once, step: { claim throws(Failure) in try step.run(claim) }) {
        throw Exit(once ? .signal(number) : .done)
      }
    }
  }
}

/// Several workers: each a process of its own, as if it had been started by hand, so that one that dies takes
/// nothing with it. They end with us.
private struct Crew {
  var size: Int
  var path: String

  func run() throws {
    Signals.catchThem()
    var arguments = Swift.CommandLine.arguments
    // Called as `spindle spool work`: its links are called `spool work`.
    if Toolbox.name(ofPath: arguments[0]) == "spindle" { arguments.removeFirst() }
    arguments[0] = "spool"
    arguments = Self.single(arguments)
    let command = Command(path: "/proc/self/exe", arguments: arguments, environment: inheritedEnvironment())
    var processes: [pid_t] = []
    for _ in 0..<size { processes.append(try Child.startDetached(command)) }
    var status: Int32 = 0
    var worst: Int32 = 0
    while !processes.isEmpty {
      if let number = Signals.pending() { for process in processes { kill(process, number) } }
      let process = waitpid(-1, &status, WNOHANG)
      if process > 0 {
        processes.removeAll { $0 == process }
        let code = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
        worst = max(worst, code)
      } else {
        Signals.wait(atMost: .milliseconds(200))
      }
    }
    throw Exit(ExitStatus(rawValue: worst))
  }

  /// The same command line for one worker; what follows `--` is the user's.
  static func single(_ arguments: [String]) -> [String] {
    let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
    var own = Array(arguments[..<end])
    while let index = own.firstIndex(where: { $0 == "--workers" || $0.hasPrefix("--workers=") }) {
      own.removeSubrange(index..<min(own.count, index + (own[index] == "--workers" ? 2 : 1)))
    }
    return own + arguments[end...]
  }
}
