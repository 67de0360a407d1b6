import ArgumentParser
import CommandLine
import Spool

extension SpoolTool {
  struct Sweep: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "sweep", abstract: "Put in order what dead processes left behind.",
      discussion: """
        Every tool does so at its start in its own queue; this does it in all queues, or those named, with their keys:
        orphans in run/ are tried again, finished products are handed over, half-published keys are finished, litter
        older than 36 h in tmp/ goes. What a living process holds is never touched.
        """.reflowed)

    @OptionGroup var spool: SpoolOptions
    @Argument(help: "Queues; default: all.") var queues: [String] = []

    func run() throws {
      let opened = try spool.open(as: "spool")
      var trouble: Failure?
      for name in queues.isEmpty ? try opened.queueNames() : queues {
        let queue = try opened.queue(name)
        trouble = try queue.sweep() ?? trouble
        try queue.sweepKeys()
      }
      if let trouble { throw Exit(trouble.status) }
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check", abstract: "Look for violations of the invariants, and print what mends them.",
      discussion: """
        Reads everything, changes nothing. Findings and assumptions go to standard output as comments (#), and what mends
        a finding as commands, so that the output can be read, edited and piped to sh. Exit 1 where something was found.
        """.reflowed)

    @OptionGroup var spool: SpoolOptions
    @Flag(help: "One JSON object a line.") var json = false
    @Argument(help: "Queues; default: all.") var queues: [String] = []

    func run() throws {
      let opened = try spool.open(as: "spool")
      var findings = try opened.checkAssumptions()
      let names = queues.isEmpty ? try opened.queueNames() : queues
      for name in names { findings += try opened.queue(name).check() }
      if json {
        for finding in findings { output(try JSONLine.encode(finding)) }
      } else {
        output(
          "# \(opened.path): \(names.count) queues on \(opened.fileSystem); assumed: one local, journaled file system")
        for finding in findings {
          output("# \(finding.path): \(finding.problem)")
          for line in finding.remedy { output(line) }
        }
        output("# \(findings.isEmpty ? "nothing found" : "\(findings.count) found")")
      }
      if !findings.isEmpty { throw Exit(.no) }
    }
  }
}
