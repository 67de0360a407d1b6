import CommandLine
import Spool
import Story

/// An entry's life, as a person reads it: when what happened in which queue, what belongs to it, and, last, how it stands now.
struct ShowStory {
  let story: Story
  private let style = Style.output

  init(_ story: Story) { self.story = story }

  /// - Parameter withEvents: not where another time line has told them.
  func print(withEvents: Bool = true) {
    if withEvents { printEvents() }
    if story.parts.count > 1 {
      output("")
      output(style.bold("What belongs to it"))
      for part in story.parts where part.depth > 0 || !part.relation.isEmpty { output(line(of: part)) }
    }
    output("")
    output(style.bold("Now"))
    for standing in story.now { printStanding(standing) }
  }

  private func printEvents() {
    output("")
    output(style.bold("What happened") + style.dim(", times in UTC"))
    let width = story.events.map { $0.queue.columns }.max() ?? 0
    let short = Set(story.events.map(\.id)).count > 1
    var day = Substring()
    for event in story.events {
      if event.time.prefix(10) != day {
        day = event.time.prefix(10)
        output("  \(day)".printable)
      }
      let id = short ? (try? EntryID(event.id)).map { "\($0.short)  " } ?? "" : ""
      let tool = event.tool.map { "  \($0)" } ?? ""
      output(
        style.line([
          ("  \(event.time.dropFirst(11).prefix(8))  ".printable, .dim),
          ("\(event.queue.printable.padded(to: width))  ", .plain), (id, .dim),
          (event.what.printable.padded(to: 9) + " ", EventPaint.of(event.what)),
          ((event.detail ?? "").printable, .plain), (tool.printable, .dim),
        ]))
    }
    if story.isCut { output("  (the journal of these days is longer than what was read of it)") }
  }

  private func line(of part: Part) -> String {
    let subject = part.subject.map { "  \($0)" } ?? ""
    let indent = String(repeating: "  ", count: max(1, part.depth))
    let words = "\(indent)\(part.relation): "
    // The path is what can be used: it is not cut.
    return style.dim(words.printable) + part.path.printable + style.dim(subject.printable)
  }

  private func printStanding(_ standing: Standing) {
    let id = (try? EntryID(standing.id)).map { "\($0.name)" } ?? standing.id
    let isBad = ["fail", "bad"].contains(standing.room)
    let place = "\(standing.queue)/\(standing.room)/".printable
    let paint = isBad ? Style.Paint.red : standing.room == Room.done.rawValue ? .green : .yellow
    output("  \(style.painted(place, paint)) \(id.printable): \(standing.words.printable)")
    for advice in standing.advice { output("    \(advice)".printable) }
  }
}

/// Which events are good, which wait, and which a person should look at. Colour says it again, and no more.
enum EventPaint {
  static func of(_ event: String) -> Style.Paint {
    if bad.contains(event) { return .red }
    if waiting.contains(event) { return .yellow }
    return good.contains(event) ? .green : .plain
  }

  private static let good: Set<String> = ["done", "reply", "delivered", "approved", "counted", "job", "breaker-closed"]
  private static let waiting: Set<String> = [
    "wait", "hold", "orphan", "late", "unclear", "unknown", "ambiguous", "fallback", "job-refused", "stranger",
    "unread", "unanswered", "shutdown", "cancel", "expired",
  ]
  private static let bad: Set<String> = [
    "fail", "bad", "rejected", "refused", "timeout", "halt", "overdue", "unheard", "job-failed", "job-killed",
    "breaker-open", "door-refused", "door-locked",
  ]
}
