import FoundationEssentials
import Spool

/// When what happened: from the journal, from the logs, and, where neither tells it, from the entries themselves.
struct Chronicle {
  private let parts: [Part]
  private let spool: SpoolDirectory
  private(set) var events: [Event] = []
  private(set) var isCut = false
  /// Deliveries that a request's yes has let out: the event's key, and the delivery.
  private(set) var letOut: [(key: String, id: EntryID)] = []

  /// The journal's days are read as far as this: a second's work.
  private static let budget = 256 << 20
  /// Each is looked for in each block.
  private static let mostNames = 24
  /// A log's line is written by the second, a moment before the journal's.
  private static let apart = Duration.seconds(3)

  init(_ parts: [Part], _ spool: SpoolDirectory) {
    self.parts = parts
    self.spool = spool
  }

  mutating func read() throws(Failure) {
    var logged: [Event] = []
    for part in parts { logged += try log(of: part) }
    try readJournal(beside: logged)
    for event in logged where !isTold(event) { events.append(event) }
    for part in parts where !events.contains(where: { $0.key == part.key && $0.what == "new" }) {
      let detail = part.handedOnBy.map { "handed on by \($0)" }
      events.append(Event(time: part.created, queue: part.queue, id: part.id, what: "new", detail: detail))
    }
    events = events.filter(isWanted).sorted { ($0.time, $0.id) < ($1.time, $1.id) }
  }

  /// Of a run that has asked for what the story is about only what concerns that.
  private func isWanted(_ event: Event) -> Bool {
    guard event.what == "step", let part = parts.first(where: { $0.key == event.key }), part.isCause,
      let step = part.relation.split(separator: " ").drop(while: { $0 != "step" }).dropFirst().first
    else { return true }
    return event.detail?.hasPrefix("\(step): ") == true
  }

  // MARK: the journal

  private func days(of logged: [Event]) -> Set<String> {
    var times = parts.compactMap { $0.entryID?.time.rfc3339 } + parts.compactMap(\.since)
    times += logged.map(\.time)
    return Set(times.map { String($0.prefix(10)) })
  }

  private func lastTime(of logged: [Event]) -> Timestamp? {
    (parts.compactMap(\.since) + logged.map(\.time)).compactMap { Timestamp(rfc3339: $0) }.max()
  }

  private mutating func readJournal(beside logged: [Event]) throws(Failure) {
    guard let first = parts.compactMap({ $0.entryID?.time }).min() else { return }
    let journal = try spool.directory("journal")
    let keys = Set(parts.map(\.key))
    let names = Array(Set(parts.map { "\"id\":\"\($0.id)\"" }).sorted().prefix(Self.mostNames))
    // What a yes has let out is told by lines that come at any time later.
    let last = parts.contains { $0.queue == "approvals" } ? nil : lastTime(of: logged)
    var budget = Self.budget
    for day in days(of: logged).sorted() {
      let lines = try JournalReader.lines(
        of: day, in: journal, from: first, to: last, containing: names, budget: &budget)
      for text in lines {
        guard let line = try? JSONLine.decode(Journal.Line.self, text), let queue = line.queue, let id = line.id,
          keys.contains("\(queue)/\(id)")
        else { continue }
        let detail = [line.from.map { "from \($0)" }, line.detail].compactMap { $0 }.joined(separator: ": ")
        let event = Event(
          time: line.time, queue: queue, id: id, what: line.event, tool: line.tool,
          detail: detail.isEmpty ? nil : detail)
        events.append(event)
        if line.event == "let-out", let word = line.detail?.split(separator: " ").last, let id = try? EntryID(word) {
          letOut.append((event.key, id))
        }
      }
    }
    isCut = budget <= 0
  }

  // MARK: the logs

  /// The lines that `Queue.logAttempt` writes: `== TIME TOOL: WORDS`.
  private func log(of part: Part) throws(Failure) -> [Event] {
    let queue = try spool.queue(part.queue)
    guard let file = try queue[.log].open("\(part.id).log") else { return [] }
    // A command may have said very much; what happened last is at the end.
    let (size, most) = (try file.status().size, 1 << 20)
    if size > most { try file.seek(to: size - most) }
    guard let bytes = try file.readAll(limit: 2 * most) else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
      guard line.hasPrefix("== ") else { return nil }
      let words = line.dropFirst(3).split(separator: " ", maxSplits: 2)
      guard words.count == 3, Timestamp(rfc3339: words[0]) != nil, words[1].hasSuffix(":") else { return nil }
      return Event(
        time: String(words[0]), queue: part.queue, id: part.id, what: "attempt", tool: String(words[1].dropLast()),
        detail: String(words[2]))
    }
  }

  /// Whether the journal has it: then that says more exactly when, and the log in more words what.
  private mutating func isTold(_ logged: Event) -> Bool {
    guard let time = Timestamp(rfc3339: logged.time) else { return false }
    let words = logged.detail ?? ""
    let place = events.firstIndex { event in
      guard event.key == logged.key, event.tool == logged.tool, event.what != "new",
        let at = Timestamp(rfc3339: event.time), at >= time - .seconds(1), at <= time + Self.apart
      else { return false }
      return event.detail.map { words.contains($0) || $0.contains(words) } ?? words.hasSuffix(event.what)
    }
    guard let place else { return false }
    if words.utf8.count > events[place].detail?.utf8.count ?? 0 { events[place].detail = words }
    return true
  }
}
