import ArgumentParser
import CommandLine
import Runs
import Spool
import Story
import Work

extension SpoolTool {
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show",
      abstract: "Show an entry's whole life: what it says, what came of it, what happened, and how it stands now.",
      discussion: """
        The entry in each queue that it has gone through, its responses, what its commands said; when what happened, from the
        journal and the logs; what has brought it about and what came of it (the request whose yes let a message out, the reply
        that decided it, the run whose step asked for it, the job that has something to say); and at the end where it lies now,
        what it waits for, and what can be done.

        Of a run, its time line: when which step was made, how long it took, for whom it waited, what its model calls cost, at
        what it stopped, and what was undone. --body is its script, --response what it printed.
        """.reflowed)

    @OptionGroup var spool: SpoolOptions
    @Flag(help: "One JSON object a line for each queue that has it; the story is under \"story\".") var json = false
    @Flag(help: "Only the body, byte for byte.") var body = false
    @Flag(help: "Only the response, byte for byte.") var response = false
    @Argument(help: "Entries; where none is given, they are read from standard input.") var ids: [String] = []

    func run() throws {
      let opened = try spool.open(as: "spool")
      let references = ids.isEmpty ? try Input.words() : ids
      guard !references.isEmpty else { throw Failure(.usage, "show", "no entry was named") }
      for reference in references {
        let found = try opened.find(reference)
        if body || response {
          for one in found { try printBytes(one) }
          continue
        }
        let story = try Story(of: found.map { ($0.queue, $0.place) }, in: opened)
        if json {
          for one in found { try printJSON(one, story) }
        } else {
          for one in found { try printWhole(one) }
          // A run has told its own events.
          let isRun = found.contains { $0.queue.name == RunRequest.queueName }
          ShowStory(story).print(withEvents: !isRun)
        }
      }
    }

    private func printBytes(_ found: Found) throws {
      let (queue, place) = (found.queue, found.place)
      if body { return output(bytes: try place.room == .bad ? [] : queue.entry(at: place)?.body ?? []) }
      guard let answer = try queue.response(place.name.id) else {
        throw Failure(.no, place.name.id.description, "has no response in \(queue.name)/re/")
      }
      output(bytes: answer.body)
    }

    private func printJSON(_ found: Found, _ story: Story) throws {
      if let line = try line(of: found) { return output(try JSONLine.encode(Told(what: line, story: story))) }
      output(try JSONLine.encode(Told(what: ShownEntry(found), story: story)))
    }

    private func line(of found: Found) throws -> TimeLine? {
      found.queue.name == RunRequest.queueName ? try TimeLine(of: found.place, in: found.queue) : nil
    }

    private func printWhole(_ found: Found) throws {
      let (queue, place) = (found.queue, found.place)
      let path = "\(queue.name)/\(place.room.rawValue)/\(place.fileName)"
      if let line = try line(of: found) {
        return ShowRun(line: line).print(path: path, log: "\(queue.spool.path)/\(queue.name)/log/\(place.name.id).log")
      }
      output(path.printable)
      if let entry = try place.room == .bad ? nil : queue.entry(at: place) {
        Self.print(entry)
      } else {
        output("  (not readable as an entry: look at it with less)")
      }
      if let answer = try queue.response(place.name.id) {
        output("\n\(queue.name)/re/\(place.name.id)")
        Self.print(answer)
      }
      let log = try queue.logText(place.name.id) ?? ""
      // What else there is in it, the story tells.
      if log.split(separator: "\n").contains(where: { !$0.hasPrefix("== ") }) {
        output("\n\(queue.name)/log/\(place.name.id).log")
        output(log.printableLines, terminator: "")
      }
      output("")
    }

    private static func print(_ entry: Entry) {
      for line in entry.header.lines { output("  \(line.name): \(line.value)") }
      output("")
      let text = entry.text.printableLines
      output(text, terminator: text.hasSuffix("\n") ? "" : "\n")
    }
  }
}

/// What a program reads, with the story beside it under a key of its own.
private struct Told<What: Encodable>: Encodable {
  var what: What
  var story: Story

  private enum Key: CodingKey { case story }

  func encode(to encoder: any Encoder) throws {
    try what.encode(to: encoder)
    var keyed = encoder.container(keyedBy: Key.self)
    try keyed.encode(story, forKey: .story)
  }
}

/// The entry as a program reads it.
private struct ShownEntry: Encodable {
  var queue: String
  var room: String
  var name: String
  var header: [String: String]
  var body: String
  var response: [String: String]?
  var responseBody: String?
  var log: String?

  init(_ found: Found) throws {
    let (queue, place) = (found.queue, found.place)
    let entry = try place.room == .bad ? nil : queue.entry(at: place)
    let answer = try queue.response(place.name.id)
    self.queue = queue.name
    room = place.room.rawValue
    name = place.fileName
    header = Self.dictionary(entry)
    body = entry?.text ?? ""
    response = answer.map { Self.dictionary($0) }
    responseBody = answer?.text
    log = try queue.logText(place.name.id)
  }

  private static func dictionary(_ entry: Entry?) -> [String: String] {
    Dictionary(entry?.header.lines.map { ($0.name, $0.value) } ?? [], uniquingKeysWith: { first, _ in first })
  }
}

extension Queue {
  fileprivate func logText(_ id: EntryID) throws -> String? {
    try self[.log].open("\(id).log")?.readAll(limit: Entry.sizeLimit).map { String(decoding: $0, as: UTF8.self) }
  }
}
