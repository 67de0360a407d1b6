import CommandLine
import Runs
import Spool

/// A run, as a person reads it: when which step was made, how long it took, for whom it waited, what it cost; and what was undone.
struct ShowRun {
  var line: TimeLine

  func print(path: String, log: String) {
    output(path.printable)
    output("  \(line.name): \(line.script)".printable)
    if let deadline = line.deadline { output("  to be over by \(deadline.prefix(19))Z") }
    output("")
    let width = min(24, max(6, line.steps.map(\.name.columns).max() ?? 0))
    var day = Substring()
    for event in events(width) {
      if event.time.prefix(10) != day {
        day = event.time.prefix(10)
        output("  \(day), times in UTC")
      }
      output("  \(event.time.dropFirst(11).prefix(8))  \(event.words)".printable)
    }
    if let held = line.held { output("  \(held.hasPrefix("held") ? held : "held: \(held)")".printable) }
    for step in line.notUndone { output("  \(line.room == "fail" ? "not undone" : "to be undone"): \(step)") }
    output("")
    output("  log: \(log)".printable)
    for words in total { output("  \(words)".printable) }
  }

  private func events(_ width: Int) -> [(time: String, words: String)] {
    var events: [(time: String, words: String)] = []
    for step in line.steps {
      let name = step.name.padded(to: width)
      let length = Self.length(step.seconds).padded(to: 9)
      events.append((step.began, "\(name)  \(length)  \(state(of: step))"))
      if let undone = step.undone { events.append((undone, "\(name)  undone")) }
    }
    for stop in line.stops {
      let what = stop.step.map { "step \($0): \(stop.why)" } ?? stop.why
      events.append((stop.time, "\(stop.kind): \(what)"))
    }
    return events.sorted { $0.time < $1.time }
  }

  private func state(of step: TimeLine.Step) -> String {
    var words = step.state == "undone" ? "done" : step.state
    if let exit = step.exit, exit != 0 { words += " (exit \(exit))" }
    if step.state == "running", let pid = step.pid { words += " (process \(pid))" }
    if step.attempt > 1 { words += ", attempt \(step.attempt)" }
    for asked in step.asked {
      switch asked.tool {
      case "wait-approval":
        let waited = asked.waitedSeconds.map { Duration.seconds($0).spoken } ?? ""
        words += "; \(asked.verdict == "open" ? "waits" : "waited") \(waited) for \(asked.to): \(asked.verdict ?? "")"
      case "claude-call": words += "; \(asked.to)" + (asked.costUSD.map { String(" \(Self.dollars($0))") } ?? "")
      default: words += "; \(asked.tool) \(asked.to)"
      }
    }
    return words
  }

  private var total: [String] {
    var words = Self.length(line.seconds)
    if line.waitedSeconds > 0 {
      words +=
        ", \(Duration.seconds(line.waitedSeconds).spoken) of it waiting for \(line.waitedFor.joined(separator: ", "))"
    }
    // Last what a person looks for.
    return (line.costUSD.map { ["\(Self.dollars($0)) for model calls"] } ?? []) + [words]
  }

  private static func length(_ seconds: Double) -> String {
    seconds < 1 ? "\(Int((seconds * 1000).rounded())) ms" : Duration.seconds(seconds).spoken
  }

  private static func dollars(_ amount: Double) -> String {
    let cents = Int((amount * 10000).rounded())
    let fraction = String(cents % 10000)
    return "\(cents / 10000).\(String(repeating: "0", count: 4 - fraction.count))\(fraction) USD"
  }
}
