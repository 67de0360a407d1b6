import FoundationEssentials

/// What many runs have seen.
struct Tally: Codable {
  var runs = 0
  var failed = 0
  var steps = 0
  var fewestProcesses = Int.max
  var fewestStateChanges = Int.max
  var stateChanges = 0
  var scenarios: [String: Int] = [:]
  var strikes: [String: Int] = [:]
  /// By story and sight.
  var seen: [String: Int] = [:]
  /// Of fuzzing.
  var inputs = 0
  var pastFirstLine = 0

  init() {}

  init?(json: [UInt8]) {
    guard let tally = try? JSONDecoder().decode(Tally.self, from: Data(json)) else { return nil }
    self = tally
  }

  var json: String { String(decoding: (try? JSONEncoder().encode(self)) ?? Data(), as: UTF8.self) }

  mutating func add(_ outcome: Outcome) {
    runs += 1
    if !outcome.violations.isEmpty { failed += 1 }
    steps += outcome.steps
    stateChanges += outcome.stateChanges
    fewestProcesses = min(fewestProcesses, outcome.processes)
    fewestStateChanges = min(fewestStateChanges, outcome.stateChanges)
    scenarios[outcome.scenario, default: 0] += 1
    for (sight, count) in outcome.seen { seen["\(outcome.scenario): \(sight)", default: 0] += count }
    for (fault, count) in outcome.strikes { strikes[fault.rawValue, default: 0] += count }
  }

  mutating func add(_ other: Tally) {
    runs += other.runs
    failed += other.failed
    steps += other.steps
    stateChanges += other.stateChanges
    fewestProcesses = min(fewestProcesses, other.fewestProcesses)
    fewestStateChanges = min(fewestStateChanges, other.fewestStateChanges)
    inputs += other.inputs
    pastFirstLine += other.pastFirstLine
    scenarios.merge(other.scenarios, uniquingKeysWith: +)
    strikes.merge(other.strikes, uniquingKeysWith: +)
    seen.merge(other.seen, uniquingKeysWith: +)
  }

  /// What each story is about, and how often it was seen.
  private var sights: [(name: String, count: Int)] {
    stories.filter { scenarios[$0.name] != nil }.flatMap { story in
      story.sights.map { ("\(story.name): \($0)", seen["\(story.name): \($0)"] ?? 0) }
    }
  }

  /// Sights that so many runs should have seen, and have not.
  var missed: [String] {
    sights.filter { sight in sight.count == 0 && runs >= 100 * scenarios.count }.map(\.name)
  }

  func text(from seed: UInt64) -> String {
    if inputs > 0 {
      return """
        \(inputs) spoilt entries and dropped files from seed \(seed); \(pastFirstLine) get past their first line
        \(runs - failed) passed, \(failed) failed
        """
    }
    let told = scenarios.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    let sights = sights.map { "  \($0.name): \($0.count)" }.joined(separator: "\n")
    let faults = Fault.allCases.map { "  \($0.rawValue): \(strikes[$0.rawValue] ?? 0)" }.joined(separator: "\n")
    return """
      \(runs) runs from seed \(seed): \(told)
      \(steps) system calls, \(stateChanges) state changes; at least \(fewestProcesses) processes and \
      \(fewestStateChanges) state changes a run
      faults that struck:
      \(faults)
      what was seen:
      \(sights)
      \(runs - failed) passed, \(failed) failed
      """
  }
}
