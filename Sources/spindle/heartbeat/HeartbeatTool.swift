import ArgumentParser
import CommandLine
import Spool
import Work

/// `heartbeat`: a sign of life.
struct HeartbeatTool: Tool {
  static let manual = Manual(
    name: "heartbeat",
    summary: "give a sign of life, and be missed when none comes any more",
    description: """
      Stamps heartbeats/NAME: its time is that of the last sign, and the file says within what time the next is due. From the \
      first stamp on NAME is expected: when nothing comes within --every, and --grace behind it, spool tick delivers an alert, \
      once for each silence, and heartbeat-guard has a signal. ls -l is enough to see who lives.

      An agent may be expected without it: the line Heartbeat: 300s, grace 60s in agents/NAME.md, for one that calls heartbeat \
      NAME itself. What stays (gateway, scheduler, telegram-relay, deliver --watch, harvest --watch) stamps by itself, and takes \
      its file away when it ends in order.
      """,
    files: [
      ("$SPOOL_DIR/heartbeats/NAME", "Interval, Grace, and Pid where a process stays; its time is the last beat.")
    ],
    environment: [],
    examples: [
      (
        "From a script that ought to run every hour, and is missed when it does not:",
        "heartbeat backup --every 1h --grace 10m"
      ),
      ("It is not wanted any more:", "heartbeat backup --remove"),
    ],
    seeAlso: ["heartbeat-guard", "spool", "job"])

  static let configuration = configured()

  @OptionGroup var spool: SpoolOptions
  @Option(help: "The next one is due within this time (default: 300s, or what was said last).") var every: Span?
  @Option(help: "It may be so late (default: 60s, or what was said last).") var grace: Span?
  @Flag(help: "Nobody is expected under this name any more.") var remove = false
  @Argument(help: "a-z, 0-9 and dashes.") var name: String

  func validate() throws {
    if let every = every?.duration, every < .seconds(1) { throw ValidationError("--every: at least 1s") }
    if remove && (every != nil || grace != nil) { throw ValidationError("--remove stands alone") }
  }

  func run() throws {
    let opened = try spool.open(as: "heartbeat")
    // Its name is checked before anything is looked for.
    var beat = try Heartbeat(name)
    if remove { return try Heartbeat.remove(name, in: opened) }
    if let known = try Heartbeat.read(name, in: opened) { (beat.interval, beat.grace) = (known.interval, known.grace) }
    beat.interval = every?.duration ?? beat.interval
    beat.grace = grace?.duration ?? beat.grace
    try beat.stamp(in: opened)
  }
}
