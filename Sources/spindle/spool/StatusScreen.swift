import CommandLine
import Overview
import Spool
import Work

/// The document as a person reads it, on one screen of 80 columns: first what is not well, then everything by its kind. Nothing is said by
/// colour alone.
struct StatusScreen {
  private let document: StatusDocument
  private let style: Style
  private let all: Bool
  private let now: Timestamp
  private var lines: [String] = []

  init(_ document: StatusDocument, _ style: Style, all: Bool) {
    self.document = document
    self.style = style
    self.all = all
    now = Timestamp(rfc3339: document.time) ?? .now
    write()
  }

  var text: String { lines.joined(separator: "\n") }

  private mutating func write() {
    let title = "\(document.spool) on \(document.host), \(document.time)"
    put("\(light(document.status))  \(style.bold(fitted(document.detail, from: 7)))")
    put("       " + style.dim(fitted(title, from: 7)))
    troubles()
    approvals()
    runs()
    jobs()
    agents()
    queues()
    deliveries()
    daemons()
  }

  // MARK: its parts

  private mutating func troubles() {
    head("What to do", document.signals.isEmpty)
    for trouble in document.signals.sorted(by: { $0.status > $1.status }) {
      put("\(light(trouble.status))  \(fitted(trouble.what, from: 7))")
      for line in wrapped("-> \(trouble.advice)", from: 7) { put("       " + style.dim(line)) }
    }
  }

  private mutating func approvals() {
    head("Waiting for an answer", document.approvals.isEmpty)
    for (id, row) in document.approvals.sorted(by: { $0.key < $1.key }) {
      let left = row.secondsLeft.map { "\(Duration.seconds($0).spoken) left" } ?? row.detail
      put(
        light(row.status), short(id), (row.subject ?? "(no subject)", 30), "\(left), \(row.to.joined(separator: ", "))")
    }
    if !document.approvals.isEmpty {
      put("       " + style.dim("spool show ID shows what is asked; approve ID, reject ID"))
    }
  }

  private mutating func agents() {
    let shown = document.agents.sorted { $0.key < $1.key }
    head("Agents", shown.isEmpty)
    let width = shown.map(\.key.columns).max() ?? 0
    // Those that stand alike are one line, or they would fill the screen.
    let alike = Dictionary(grouping: shown) { Alike(light: $0.value.status, words: words(of: $0.value)) }
    for (name, row) in shown {
      let names = alike[Alike(light: row.status, words: words(of: row))]!.map(\.key)
      if !all && names.count > Self.fewAlike {
        if name == names[0] {
          put(
            "\(light(row.status))  \(fitted("\(names.count) agents: \(words(of: row)): \(names.joined(separator: ", "))", from: 7))"
          )
        }
      } else {
        put(light(row.status), (name, min(width, 20)), words(of: row))
      }
    }
  }

  private struct Alike: Hashable {
    var light: Light
    var words: String
  }
  private static let fewAlike = 3

  private func words(of row: StatusDocument.Agent) -> String {
    var words = [row.detail]
    if row.running > 0 { words.append("\(row.running) under way") }
    if row.waiting > 0 { words.append("\(row.waiting) waiting") }
    if let spent = row.spent, spent > 0 { words.append(spending(spent, row.budget)) }
    return words.joined(separator: ", ")
  }

  private mutating func runs() {
    let shown = document.pipelines.filter { all || $0.value.timeline.ended == nil || $0.value.status > .green }
    head("Runs", shown.isEmpty)
    for (id, row) in shown.sorted(by: { $0.key < $1.key }) {
      put(light(row.status), short(id), (row.timeline.name, 14), row.detail)
    }
  }

  private mutating func jobs() {
    head("Jobs", document.jobs.isEmpty)
    let width = document.jobs.map(\.key.columns).max() ?? 0
    for (name, row) in document.jobs.sorted(by: { $0.key < $1.key }) {
      var words = [row.detail]
      if let last = row.lastStart.flatMap({ Timestamp(rfc3339: $0) }) { words.append("last \(age(last)) ago") }
      if let due = row.due.flatMap({ Timestamp(rfc3339: $0) }) {
        words.append(due > now ? "next within \((due - now).spoken)" : "due since \(age(due))")
      }
      if let delivery = row.delivery, delivery != "not-requested" { words.append(delivery) }
      put(light(row.status), (name, min(width, 24)), words.joined(separator: ", "))
    }
  }

  private mutating func queues() {
    let shown = document.queues.filter { all || !$0.value.rooms.isEmpty || $0.value.status > .green }
    head("Queues", shown.isEmpty)
    if shown.isEmpty { return }
    let rooms = ["drop", "new", "run", "wait", "hold", "fail", "bad"]
    let width = min(22, max(5, shown.map(\.key.columns).max() ?? 0))
    put("       " + style.dim("".padded(to: width) + rooms.map { $0.aligned(to: 6) }.joined() + "  oldest"))
    for (name, row) in shown.sorted(by: { $0.key < $1.key }) {
      let counts = rooms.map { (row.rooms[$0].map { Self.figure($0.count) } ?? "-").aligned(to: 6) }.joined()
      let oldest = row.rooms.compactMap { room in
        room.value.oldest.flatMap { Timestamp(rfc3339: $0) }.map { (time: $0, room: room.key) }
      }.min { $0.time < $1.time }
      put(light(row.status), (name, width), counts.dropFirst(2) + (oldest.map { "  \(age($0.time))" } ?? ""))
    }
    let empty = document.queues.count - shown.count
    if empty > 0 { put("       " + style.dim(empty == 1 ? "1 other is empty" : "\(empty) others are empty")) }
  }

  private mutating func deliveries() {
    head("May or may not have gone out", document.deliveries.inDoubt.isEmpty)
    for row in document.deliveries.inDoubt {
      put(light(.amber), short(row.id), (row.subject ?? row.to, 24), row.detail)
    }
  }

  private mutating func daemons() {
    head("Signs of life", false)
    let gateway = document.gateway.map { "gateway \($0)" }
    put(light(document.tick.status), ("tick", 10), document.tick.detail + (gateway.map { ", \($0)" } ?? ""))
    for (name, row) in document.daemons.sorted(by: { $0.key < $1.key }) {
      put(light(row.status), (name, 10), row.detail)
    }
  }

  // MARK: its words

  private mutating func head(_ title: String, _ isEmpty: Bool) {
    if isEmpty { return }
    put("")
    put(style.bold(title))
  }

  private mutating func put(_ line: String) { lines.append(line) }

  /// A light, some columns, and the rest of the line.
  private mutating func put(_ light: String, _ cells: (String, Int)..., rest: String) {
    let head = cells.map { $0.0.printable.cut(to: $0.1).padded(to: $0.1) }.joined(separator: "  ")
    put("\(light)  \(head)  \(fitted(rest, from: 7 + head.columns + 2))")
  }

  private mutating func put(_ light: String, _ cell: (String, Int), _ rest: some StringProtocol) {
    put(light, cell, rest: String(rest))
  }

  private mutating func put(_ light: String, _ id: String, _ cell: (String, Int), _ rest: String) {
    put(light, (id, 6), cell, rest: rest)
  }

  private func light(_ light: Light) -> String {
    switch light {
    case .green: style.green("green")
    case .amber: style.yellow("amber")
    case .red: style.red("RED  ")
    }
  }

  /// What is left of the line for it; whole where a program reads.
  private func fitted(_ text: String, from column: Int) -> String {
    let text = text.printable
    return style.isTerminal ? text.cut(to: max(10, style.width - column)) : text
  }

  /// What is to be done is told whole.
  private func wrapped(_ text: String, from column: Int) -> [String] {
    let text = text.printable
    return style.isTerminal
      ? text.wrapped(to: max(20, style.width - column)).map { $0.cut(to: max(20, style.width - column)) } : [text]
  }

  private func short(_ id: String) -> String { (try? EntryID(id)).map { String($0.short) } ?? id }

  private func age(_ time: Timestamp) -> String { max(.zero, now - time).spoken }

  private func spending(_ spent: Double, _ budget: Double?) -> String {
    "\(Self.cents(spent))" + (budget.map { " of \(Self.cents($0))" } ?? "") + " USD today"
  }

  private static func cents(_ dollars: Double) -> String {
    let cents = Int((min(dollars, 1e12) * 100).rounded(.up))
    return "\(cents / 100).\(cents % 100 < 10 ? "0" : "")\(cents % 100)"
  }

  /// Five characters: `99999`, `100k`, `12M`.
  private static func figure(_ count: Int) -> String {
    switch count {
    case ..<100_000: "\(count)"
    case ..<10_000_000: "\(count / 1000)k"
    default: "\(count / 1_000_000)M"
    }
  }
}
