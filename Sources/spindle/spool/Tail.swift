import ArgumentParser
import CommandLine
import FoundationEssentials
import Glibc
import Spool

extension SpoolTool {
  struct Tail: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "tail", abstract: "Follow the journal: one line for each change.",
      discussion: """
        Begins with the last ten lines, or all since --since, that pass every filter. Ends with Ctrl-C, or at once with
        --no-follow. On a terminal a line is cut to its width, an ID to its six characters and its slug, and coloured unless \
        NO_COLOR is set; elsewhere it is whole, with \
        the whole time. Times are UTC.
        """.reflowed)

    @OptionGroup var spool: SpoolOptions
    @OptionGroup var filter: TailFilter
    @Option(name: .customShort("n"), help: "Begin with so many of the last lines that pass.") var count: Int?
    @Flag(inversion: .prefixedNo, help: "Wait for more.") var follow = true
    @Flag(help: "The lines as they are: one JSON object each.") var json = false

    /// More are not kept in memory without being asked for.
    private static let most = 100_000

    func run() throws {
      let opened = try spool.open(as: "spool")
      for name in filter.queue { _ = try opened.queue(name) }
      let journal = try opened.directory("journal")
      let watch = follow ? Watch([journal], notice: opened.notice, events: .writes) : nil
      var reader = JournalReader(directory: journal)
      var view = TailView(isRaw: json)
      let wanted = max(0, count ?? (filter.since == nil ? 10 : Self.most))
      let last = try reader.last(wanted, containing: filter.words, since: filter.start) { text in
        guard let line = Self.read(text) else { return .leave }
        return filter.passes(line) ? .take : filter.ends(at: line) ? .stop : .leave
      }
      if last.isEmpty, wanted > 0, let id = filter.id, try !isKnown(id, opened, journal) {
        throw Failure(
          .no, id, "no entry is called that, and no line of the journal names it", do: "spool ls --all shows all")
      }
      if count == nil, last.count == Self.most { complain("spool: only the last \(Self.most) lines: -n gives more") }
      for text in last { view.show(text, Self.read(text)!) }
      guard let watch else { return }
      while true {
        switch watch.wait(atMost: nil) {
        case .look:
          while case let lines = try reader.next(), !lines.isEmpty {
            for text in lines { if let line = Self.read(text), filter.passes(line) { view.show(text, line) } }
          }
        case .signal: return
        case .gone(let path): throw Failure.removed(path)
        }
      }
    }

    /// Whether there is such an entry, or was, whatever else is asked for.
    private func isKnown(_ id: String, _ opened: SpoolDirectory, _ journal: Directory) throws -> Bool {
      var reader = JournalReader(directory: journal)
      let lines = try reader.last(1, containing: filter.words) { text in
        Self.read(text).map { filter.names($0) } == true ? .take : .leave
      }
      if !lines.isEmpty { return true }
      let reference = id.split(separator: "/").last.map(String.init) ?? id
      for name in try opened.queueNames() {
        if try !opened.queue(name).places(for: reference).isEmpty { return true }
      }
      return false
    }

    /// - Returns: nil where it is no line of the journal's, as a crash may leave it.
    private static func read(_ text: String) -> Journal.Line? {
      try? JSONDecoder().decode(Journal.Line.self, from: Data(text.utf8))
    }
  }
}

/// A line of the journal as a person reads it.
private struct TailView {
  let isRaw: Bool
  private let style = Style.output
  private var day = Substring()

  init(isRaw: Bool) { self.isRaw = isRaw }

  mutating func show(_ text: String, _ line: Journal.Line) {
    if isRaw { return output(text) }
    let whose = line.from.map { "from \($0)" }
    guard style.isTerminal else {
      let place = [line.queue, line.id].compactMap { $0 }.joined(separator: "/")
      let words = [line.time, line.tool, line.event, place, whose ?? "", line.detail ?? ""]
      return output(words.filter { !$0.isEmpty }.joined(separator: " ").printable)
    }
    let time = line.time.dropFirst(11).prefix(8)
    if line.time.prefix(10) != day {
      day = line.time.prefix(10)
      output(style.dim("\(day)".printable))
    }
    let id = line.id.map { text in (try? EntryID(text)).map { "\($0.name)" } ?? text }
    let place = [line.queue, id].compactMap { $0 }.joined(separator: "/")
    // Last what may be cut first.
    let detail = (line.detail ?? "").printable
    output(
      style.line(
        [
          ("\(time)  ".printable, .dim), (line.event.printable.padded(to: 9) + " ", EventPaint.of(line.event)),
          (place.printable.padded(to: 26) + " ", .plain), (whose.map { $0.printable + "  " } ?? "", .cyan),
          (detail.isEmpty ? "" : detail + "  ", .plain), (line.tool.printable, .dim),
        ], width: Style.width(of: STDOUT_FILENO)))
  }
}
