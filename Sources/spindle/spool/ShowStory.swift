import CommandLine
import Spool
import Story

/// An entry's life, as a person reads it: what happened when in which queue, what belongs to it, and, last, how it stands now.
struct ShowStory {
  let story: Story
  private let style = Style.output

  init(_ story: Story) { self.story = story }

  /// - Parameter withEvents: not where another time line has told them.
  func print(withEvents: Bool = true) {
    if withEvents { printEvents() }
    printParts("What has brought it about", story.parts.filter(\.isCause))
    printParts("What came of it", story.parts.filter { !$0.isCause && $0.depth > 0 })
    output("\n" + style.bold("Now"))
    for standing in story.now { printStanding(standing) }
  }

  private func printEvents() {
    output(style.bold("What happened") + style.dim(", times in UTC"))
    let width = story.events.map { $0.queue.columns }.max() ?? 0
    let isOfMany = Set(story.events.map(\.id)).count > 1
    var day = Substring()
    for event in story.events {
      if event.time.prefix(10) != day {
        day = event.time.prefix(10)
        output("  \(day)".printable)
      }
      let time = "  \(event.time.dropFirst(11).prefix(8))  ".printable
      let queue = event.queue.printable.padded(to: width) + "  "
      let id = isOfMany ? (try? EntryID(event.id)).map { "\($0.short)  " } ?? "" : ""
      let what = event.what.printable.padded(to: 9) + " "
      let words = [event.detail ?? "", event.tool.map { "(\($0))" } ?? ""].filter { !$0.isEmpty }
      printWrapped(
        style.dim(time) + queue + style.dim(id) + style.painted(what, EventPaint.of(event.what)),
        words.joined(separator: " "))
    }
    if story.isCut { output("  (the journal of these days is longer than what was read of it)") }
  }

  /// Text behind a head, its further lines below its first one. What is narrower than this is no column.
  private func printWrapped(_ head: String, _ text: String) {
    let indent = head.columns
    let room = style.width - indent
    let lines = style.isTerminal && room >= 24 ? text.printable.wrapped(to: room) : [text.printable]
    output(head + lines[0])
    for line in lines.dropFirst() { output(String(repeating: " ", count: indent) + line) }
  }

  private func printParts(_ title: String, _ parts: [Part]) {
    if parts.isEmpty { return }
    output("\n" + style.bold(title))
    for part in parts {
      let indent = String(repeating: "  ", count: max(1, part.depth))
      // On a terminal as it can be typed.
      let path = style.isTerminal ? "\(part.queue)/\(part.room)/\(Self.name(part.id))" : part.path
      output(
        style.line([
          ("\(indent)\(part.relation): ".printable, .dim), (path.printable, .plain),
          (part.subject.map { "  \($0)".printable } ?? "", .dim),
        ]))
    }
  }

  private func printStanding(_ standing: Standing) {
    let paint: Style.Paint =
      switch standing.room {
      case "fail", "bad": .red
      case "done": .green
      default: .yellow
      }
    output("  " + style.painted("\(standing.queue)/\(standing.room)/\(Self.name(standing.id))".printable, paint))
    printWrapped("    ", standing.words)
    for advice in standing.advice { output("    " + style.cyan(advice.printable)) }
  }

  private static func name(_ id: String) -> String { (try? EntryID(id)).map { String($0.name) } ?? id }
}
