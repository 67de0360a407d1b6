import ArgumentParser
import CommandLine
import Spool

/// Which lines of the journal somebody wants to see: those that pass all that was asked for.
struct TailFilter: ParsableArguments {
  @Option(help: ArgumentHelp("Only this queue; again, for several.", valueName: "queue")) var queue: [String] = []
  @Option(help: ArgumentHelp("Only this event (new, done, fail, ...); again, for several.", valueName: "event"))
  var event: [String] = []
  @Option(help: ArgumentHelp("Only what this tool did; again, for several.", valueName: "tool")) var tool: [String] = []
  @Option(
    help: ArgumentHelp("Only this entry, and what names it: its ID, the beginning of it, its six characters, its slug.")
  )
  var id: String?
  @Option(help: ArgumentHelp("Only entries of this user, or client.", valueName: "name")) var from: String?
  @Option(help: ArgumentHelp("Only lines with this text in them, in upper or lower case.", valueName: "text"))
  var grep: String?
  @Option(help: "Only from then on: a span (1h) or a time (RFC 3339).") var since: Since?

  /// A span until now, or a time.
  struct Since: ExpressibleByArgument {
    var time: String

    init?(argument: String) {
      if let span = Duration(argument) {
        time = (Timestamp.now - span).rfc3339
      } else if let time = Timestamp(rfc3339: argument) {
        self.time = time.rfc3339
      } else {
        return nil
      }
    }
  }

  /// As an ID stands in the journal: without its queue, or what stands behind it in a file's name.
  private var wanted: String? {
    guard let last = id?.split(separator: "/").last else { return nil }
    let plain = String(last.prefix { $0 != "," && $0 != "@" })
    // What begins with a stamp has capitals in it; the rest of an ID has none.
    return plain.prefix(8).allSatisfy(\.isNumber) ? plain : plain.lowercased()
  }

  /// What every line that passes contains as it stands in the file.
  var words: String? {
    if let wanted { return wanted }
    if let from, from.utf8.allSatisfy({ $0 > 32 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
      return "\"from\":\"\(from)\""
    }
    if event.count == 1 { return "\"event\":\"\(event[0])\"" }
    if tool.count == 1 { return "\"tool\":\"\(tool[0])\"" }
    if queue.count == 1 { return "\"queue\":\"\(queue[0])\"" }
    return nil
  }

  func passes(_ line: Journal.Line) -> Bool {
    if !queue.isEmpty && !queue.contains(line.queue ?? "") { return false }
    if !event.isEmpty && !event.contains(line.event) { return false }
    if !tool.isEmpty && !tool.contains(line.tool) { return false }
    if let from, line.from != from { return false }
    if let since, line.time < since.time { return false }
    if let wanted, !names(wanted, line) { return false }
    if let grep = grep?.lowercased() {
      let texts = [line.detail, line.id, line.queue, line.event, line.tool, line.from]
      return texts.contains { $0?.lowercased().contains(grep) == true }
    }
    return true
  }

  /// A line of the entry's own, or of another that names it.
  func names(_ line: Journal.Line) -> Bool { wanted.map { names($0, line) } ?? false }

  private func names(_ wanted: String, _ line: Journal.Line) -> Bool {
    if let text = line.id, let id = try? EntryID(text), id.isMeant(by: wanted) { return true }
    return wanted.utf8.count >= 6 && line.detail?.contains(wanted) == true
  }

  /// Lines of several processes may stand a little out of their order.
  private static let disorder = Duration.seconds(60)

  /// What is from before this is too old, wherever it stands.
  var start: Timestamp? { since.flatMap { Timestamp(rfc3339: $0.time) }.map { $0 - Self.disorder } }

  /// Whether all before this line is too old: no more need be looked at.
  func ends(at line: Journal.Line) -> Bool { start.map { line.time < $0.rfc3339 } ?? false }
}
