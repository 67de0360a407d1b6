import ArgumentParser
import CommandLine
import Spool

extension SpoolTool {
  struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "init", abstract: "Make the spool, and queues of your own.",
      discussion: "What is there already is left as it is. Prints the spool's path.")

    @OptionGroup var spool: SpoolOptions
    @Flag(help: "Print the crontab line that lets spool tick run each minute, and do nothing else.")
    var cron = false
    @Argument(help: "Queues to make.") var queues: [String] = []

    func run() throws {
      let path = try spool.path()
      if cron {
        let tool = try Installation.executable().split(separator: "/").dropLast().joined(separator: "/")
        let absolute = path.hasPrefix("/") ? path : Directory.currentPath + "/" + path
        output("* * * * * /\(tool)/spool tick -C \(absolute.shellQuoted)")
        return
      }
      let opened = try spool.open(as: "spool")
      for queue in queues { _ = try opened.queue(queue, making: true) }
      try Readmes.putMissing(in: opened)
      if !spool.quiet { output(opened.path) }
    }
  }
}
