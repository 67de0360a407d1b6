import ArgumentParser
import CommandLine
import Glibc
import Jobs
import Spool
import Work

/// `job`: what a crontab line calls, so that there is a record of each run, and of none.
struct JobTool: Tool {
  static let manual = Manual(
    name: "job",
    summary: "run a command as a job: recorded, alone, in time, and missed when it does not run",
    description: """
      Runs COMMAND and passes its output on, so that cron's own mail still works. Each run is an entry in the queue jobs/, with
      its start, end, exit and output in re/ID, or in fail/ and its log where it failed. Two runs of one NAME never overlap. A
      run that is killed lies in fail/ too; it is not made again before its schedule says so.

      --expect-every says how often it should succeed. spool tick, which cron runs each minute, delivers an alert (to
      Alert: in the spool's config, by default people/me) when it has not: because it failed, because it hung, or because
      nothing ever started it. An alert is sent once for each time that is missed. Without a COMMAND the expectation is
      recorded and nothing is run: so a job that never runs even once is missed too.
      """,
    exits: [
      (.done, "The command succeeded."),
      (.unavailable, "The command cannot be started."),
      (.tryAgain, "The last run of this job still goes on."),
      (.timedOut, "The command was ended after --timeout. Any other status is the command's own."),
    ],
    files: [
      ("$SPOOL_DIR/jobs/", "The runs, a queue."),
      ("$SPOOL_DIR/jobs/names/NAME", "What is expected of a job, and how it last went."),
    ],
    environment: [("SPINDLE_JOB, SPINDLE_DEADLINE", "Set for the command: the job's name, and by when it ends.")],
    examples: [
      (
        "In a crontab, each morning at seven, and missed when there was none for a day:",
        "job briefing --expect-every 1d --timeout 10m -- echo \"good morning\""
      ),
      ("Expected from now on:", "job backup --expect-every 1d"),
      ("How it went:", "spool ls jobs --all"),
    ],
    seeAlso: ["spool", "deliver"])

  static let configuration = configured()

  @OptionGroup var spool: SpoolOptions
  @Option(help: "How long a run may take.") var timeout = Span(argument: "1h")!
  @Option(help: "It should succeed at least this often.") var expectEvery: Span?
  @Argument(help: "The job's name.") var name: String
  @Argument(parsing: .postTerminator, help: "The command and its arguments, after --.") var command: [String] = []

  func validate() throws {
    if let every = expectEvery?.duration, every < .seconds(1) { throw ValidationError("--expect-every: at least 1s") }
    if command.isEmpty && expectEvery == nil { throw ValidationError("give a command after --, or --expect-every") }
  }

  func run() throws {
    let opened = try spool.open(as: "job")
    let job = try JobRun(spool: opened, name: name, timeout: timeout.duration, expectEvery: expectEvery?.duration)
    guard let program = command.first else { return try job.declare() }
    let searched = Command.searchPath(inheritedEnvironment())
    guard let path = try Command.find(program, in: searched) else {
      try job.declare()
      throw Failure(
        .unavailable, program, "no such program in \(searched.joined(separator: ":"))", do: "give its full path")
    }
    Signals.catchThem()
    let result = try job.run(path: path, arguments: command) { bytes, isError in
      if isError { complain(bytes: bytes) } else { output(bytes: bytes) }
    }
    if result.outcome.succeeded { return }
    complain("job: \(name): \(result.outcome.spoken): spool show \(result.id.short) tells more")
    throw Exit(result.outcome.stoppedBy.map { .signal($0) } ?? result.outcome.status)
  }
}
