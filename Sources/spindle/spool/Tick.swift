import ArgumentParser
import CommandLine
import Spool

extension SpoolTool {
  struct Tick: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "tick", abstract: "All that must happen each minute; from cron (spool init --cron).",
      discussion: """
        Sweeps every queue, or those named; takes what was dropped; sends deliveries that are due; alerts about jobs
        that should have run and did not, about who has fallen silent, open breakers and a nearly full disk; once an hour finishes half-published keys, once a day removes old records.
        Fast when there is nothing to do.
        """.reflowed)

    @OptionGroup var spool: SpoolOptions
    @Argument(help: "Queues; default: all.") var queues: [String] = []

    func run() throws {
      let opened = try spool.open(as: "spool")
      try TickRound(spool: opened).run(queues: queues)
    }
  }
}
