import ArgumentParser
import CommandLine
import FoundationEssentials
import Glibc
import Spool

extension SpoolTool {
  struct Tail: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "tail", abstract: "Follow the journal: one line for each change.",
      discussion: "Ends with Ctrl-C, or at once with --no-follow.")

    @OptionGroup var spool: SpoolOptions
    @Option(name: .customShort("n"), help: "Begin with so many of the last lines.") var count = 10
    @Flag(inversion: .prefixedNo, help: "Wait for more.") var follow = true
    @Flag(help: "The lines as they are: one JSON object each.") var json = false

    func run() throws {
      let opened = try spool.open(as: "spool")
      let journal = try opened.directory("journal")
      let watch = follow ? Watch([journal], notice: opened.notice, events: .writes) : nil
      var reader = JournalReader(directory: journal)
      for line in try reader.last(count) { show(line) }
      guard let watch else { return }
      while true {
        switch watch.wait(atMost: nil) {
        case .look:
          while case let lines = try reader.next(), !lines.isEmpty { for line in lines { show(line) } }
        case .signal: return
        case .gone(let path): throw Failure.removed(path)
        }
      }
    }

    private func show(_ line: String) {
      if json { return output(line) }
      guard let event = try? JSONDecoder().decode(Journal.Line.self, from: Data(line.utf8)) else { return }
      let time = event.time.dropFirst(11).prefix(8)
      let place = [event.queue, event.id].compactMap { $0 }.joined(separator: "/")
      output("\(time) \(event.tool) \(event.event) \(place) \(event.detail ?? "")".printable)
    }
  }
}
