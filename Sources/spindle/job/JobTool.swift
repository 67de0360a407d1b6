import ArgumentParser
import CommandLine
import Deliveries
import Glibc
import Jobs
import Spool
import Work

/// `job`: what a crontab line calls, so that there is a record of each run, and of none.
struct JobTool: Tool {
  static let configuration = configured()

  @OptionGroup var spool: SpoolOptions
  @Option(help: "How long a run may take.") var timeout = Span(argument: "1h")!
  @Option(help: "It should succeed at least this often.") var expectEvery: Span?
  @Option(help: ArgumentHelp("Deliver the output: to people or CHANNEL:ADDRESS, as deliver --to.", valueName: "to"))
  var deliver: String?
  @Option(help: "Tell of so many failures in a row; 0: of none. Default: 1.") var alertAfter: Int?
  @Option(help: "Tell of failures at most once in so long. Default: 1h.") var cooldown: Span?
  @Option(help: "Disable it after so many failures in a row; 0: never. Default: 10.") var disableAfter: Int?
  @Flag(help: "Let it run again.") var enable = false
  @Flag(help: "Refuse its runs until it is enabled.") var disable = false
  @Flag(help: "List the jobs: how each went last, what was delivered, when it is due.") var list = false
  @Flag(help: "With --list: one JSON object a line.") var json = false
  @Argument(help: "The job's name.") var name: String?
  @Argument(parsing: .postTerminator, help: "The command and its arguments, after --.") var command: [String] = []

  private var policy: JobPolicy {
    JobPolicy(
      expectEvery: expectEvery?.duration, alertAfter: alertAfter, coolDown: cooldown?.duration,
      disableAfter: disableAfter)
  }

  func validate() throws {
    if json && !list { throw ValidationError("--json: goes with --list") }
    if [list, enable, disable, !command.isEmpty].filter({ $0 }).count > 1 {
      throw ValidationError("give one of --list, --enable, --disable and a command")
    }
    if list {
      if policy != JobPolicy() || deliver != nil { throw ValidationError("--list: changes nothing") }
      return
    }
    guard name != nil else { throw ValidationError("name the job: job NAME -- COMMAND; job --list shows them") }
    if let every = expectEvery?.duration, every < .seconds(1) { throw ValidationError("--expect-every: at least 1s") }
    if let count = [alertAfter, disableAfter].compactMap({ $0 }).min(), count < 0 {
      throw ValidationError("--alert-after, --disable-after: a number from 0")
    }
    if command.isEmpty && deliver != nil { throw ValidationError("--deliver: goes with a command") }
    if command.isEmpty && policy == JobPolicy() && !enable && !disable {
      throw ValidationError("give a command after --, or --expect-every")
    }
  }

  func run() throws {
    let opened = try spool.open(as: "job")
    if list { return try JobList(spool: opened, name: name, json: json).print() }
    let job = try Job(name!, in: opened)
    guard let program = command.first else {
      if policy != JobPolicy() { try job.declare(policy) }
      if enable { try job.enable() }
      if disable { try job.disable() }
      return
    }
    Signals.catchThem()
    let courier = try Courier(opened)
    var run = JobRun(job, timeout: timeout.duration, policy: policy)
    run.deliverTo = deliver
    run.courier = courier
    let alerts = Alerts()
    run.onAlert = { alerts.ids.append($0) }
    // Last, and without the job's lock: its next run need not wait for a channel that hangs.
    defer { send(alerts.ids, courier) }
    let result = try run.run(find(program), arguments: command) { bytes, isError in
      if isError { complain(bytes: bytes) } else { output(bytes: bytes) }
    }
    if result.execution == .succeeded { return }
    complain("job: \(job.name): \(result.execution.spoken): spool show \(result.id.short) tells more")
    throw Exit(ExitStatus(rawValue: result.execution.exit ?? ExitStatus.software.rawValue))
  }

  private final class Alerts { var ids: [EntryID] = [] }

  private func find(_ program: String) -> Result<String, Failure> {
    let searched = Command.searchPath(inheritedEnvironment())
    do throws(Failure) {
      if let path = try Command.find(program, in: searched) { return .success(path) }
      return .failure(
        Failure(
          .unavailable, program, "no such program in \(searched.joined(separator: ":"))", do: "give its full path"))
    } catch { return .failure(error) }
  }

  /// How long an alert may wait for its turn.
  private static let patience = Duration.seconds(10)

  /// At once, so that nobody waits for a tick; what is not sent is sent by the next one.
  private func send(_ ids: [EntryID], _ courier: Courier) {
    for id in ids {
      do { _ = try courier.send(id, patience: Self.patience) } catch { complain("job: alert \(id): \(error)") }
    }
  }
}
