import ArgumentParser
import CommandLine
import Runs
import Spool

extension SpoolTool {
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Show an entry whole: where it lies, what it says, what came of it, and its log.",
      discussion: """
        Of a run, its time line: when which step was made, how long it took, for whom it waited, what its model calls cost, at
        what it stopped, and what was undone. --body is its script, --response what it printed.
        """.reflowed)

    @OptionGroup var spool: SpoolOptions
    @Flag(help: "One JSON object a line.") var json = false
    @Flag(help: "Only the body, byte for byte.") var body = false
    @Flag(help: "Only the response, byte for byte.") var response = false
    @Argument(help: "Entries; where none is given, they are read from standard input.") var ids: [String] = []

    func run() throws {
      let opened = try spool.open(as: "spool")
      let references = ids.isEmpty ? try Input.words() : ids
      guard !references.isEmpty else { throw Failure(.usage, "show", "no entry was named") }
      for reference in references {
        for found in try opened.find(reference) { try show(found, opened) }
      }
    }

    private func show(_ found: Found, _ opened: SpoolDirectory) throws {
      let (queue, place) = (found.queue, found.place)
      let answer = try queue.response(place.name.id)
      if response {
        guard let answer else { throw Failure(.no, place.name.id.description, "has no response in \(queue.name)/re/") }
        return output(bytes: answer.body)
      }
      if queue.name == RunRequest.queueName, !body, let line = try TimeLine(of: place, in: queue) {
        if json { return output(try JSONLine.encode(line)) }
        let path = "\(queue.name)/\(place.room.rawValue)/\(place.fileName)"
        return ShowRun(line: line).print(path: path, log: "\(opened.path)/\(queue.name)/log/\(place.name.id).log")
      }
      let entry = try place.room == .bad ? nil : queue.entry(at: place)
      if body { return output(bytes: entry?.body ?? []) }
      let log = try queue[.log].open("\(place.name.id).log")?.readAll(limit: Entry.sizeLimit)
      if json { return output(try JSONLine.encode(Whole(found, entry, answer, log))) }
      output("\(queue.name)/\(place.room.rawValue)/\(place.fileName)".printable)
      if let entry { Self.print(entry) } else { output("  (not readable as an entry: look at it with less)") }
      if let answer {
        output("\n\(queue.name)/re/\(place.name.id)")
        Self.print(answer)
      }
      if let log {
        output("\n\(queue.name)/log/\(place.name.id).log")
        output(String(decoding: log, as: UTF8.self).printableLines, terminator: "")
      }
      output("")
    }

    private static func print(_ entry: Entry) {
      for line in entry.header.lines { output("  \(line.name): \(line.value)") }
      output("")
      output(entry.text.printableLines)
    }

    /// The entry as a program reads it.
    private struct Whole: Encodable {
      var queue: String
      var room: String
      var name: String
      var header: [String: String]
      var body: String
      var response: [String: String]?
      var responseBody: String?
      var log: String?

      init(_ found: Found, _ entry: Entry?, _ answer: Entry?, _ log: [UInt8]?) {
        queue = found.queue.name
        room = found.place.room.rawValue
        name = found.place.fileName
        header = Self.dictionary(entry)
        body = entry?.text ?? ""
        response = answer.map { Self.dictionary($0) }
        responseBody = answer?.text
        self.log = log.map { String(decoding: $0, as: UTF8.self) }
      }

      private static func dictionary(_ entry: Entry?) -> [String: String] {
        Dictionary(entry?.header.lines.map { ($0.name, $0.value) } ?? [], uniquingKeysWith: { first, _ in first })
      }
    }
  }
}
