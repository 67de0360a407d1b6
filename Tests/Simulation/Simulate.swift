import ArgumentParser
import Glibc
import Work

/// Runs the library on simulated machines: seed after seed, each a story of several processes, with every fault that a disk, a
/// kernel or a clock can come up with, and the invariants of the protocol after each.
@main
struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run Spindle's library on a simulated machine, from seeds.",
    discussion: """
      Each seed is one run and always the same one. A run that breaks an invariant is printed with its seed; --seed N \
      --runs 1 --trace shows every system call of it.
      """)

  @Option(help: "How many runs.") var runs = 1000
  @Option(help: "The first seed; each run takes the next.") var seed: UInt64 = 1
  @Option(help: "Only this scenario.") var only: String?
  @Option(help: "Processes to share the runs among.") var jobs = 1
  @Flag(help: "Spoilt entries and dropped files instead of stories; a run is \(Fuzz.batch) of them.") var fuzz = false
  @Flag(help: "Print every system call.") var trace = false
  @Flag(help: "Stop at the first failure.") var first = false
  @Flag(help: "Print the tally as one line of JSON.") var json = false

  func validate() throws {
    if let only, !stories.contains(where: { $0.name == only }) {
      throw ValidationError("--only: one of \(stories.map { $0.name }.joined(separator: ", "))")
    }
  }

  func run() throws {
    let tally = jobs > 1 ? try shared() : alone()
    if json { print(tally.json) } else { print(tally.text(from: seed)) }
    // At least half of what is spoilt must be read beyond its first line.
    if fuzz && tally.pastFirstLine * 2 < tally.inputs {
      throw ValidationError("too few inputs get past their first line")
    }
    if !json && !fuzz && !tally.missed.isEmpty {
      throw ValidationError("never seen: \(tally.missed.joined(separator: ", "))")
    }
    // An empty run proves nothing.
    if tally.failed > 0 || tally.runs == 0 { throw ExitCode.failure }
  }

  private func alone() -> Tally {
    var tally = Tally()
    for seed in seed..<seed + UInt64(runs) {
      let outcome = one(seed, &tally)
      if outcome.violations.isEmpty { continue }
      complain(Array("seed \(seed), \(outcome.scenario): \(outcome.violations.joined(separator: "; "))\n".utf8))
      if first || tally.failed >= 20 { break }
    }
    return tally
  }

  private func one(_ seed: UInt64, _ tally: inout Tally) -> Outcome {
    let trace: ((String) -> Void)? = trace ? { print($0) } : nil
    if fuzz {
      let (outcome, inputs, pastFirstLine) = spoil(seed: seed, trace: trace)
      tally.add(outcome)
      tally.inputs += inputs
      tally.pastFirstLine += pastFirstLine
      return outcome
    }
    let outcome = simulate(seed: seed, only: only, trace: trace)
    tally.add(outcome)
    return outcome
  }

  /// As many processes of our own as asked for, each with its share of the seeds.
  private func shared() throws -> Tally {
    let share = (runs + jobs - 1) / jobs
    let options = (only.map { ["--only", $0] } ?? []) + (first ? ["--first"] : []) + (fuzz ? ["--fuzz"] : [])
    let children = try (0..<jobs).map { job in
      let start = seed + UInt64(job * share)
      let count = min(share, runs - job * share)
      return try Child(
        Command(
          path: "/proc/self/exe",
          arguments: ["simulate", "--json", "--seed", "\(start)", "--runs", "\(count)"] + options,
          environment: inheritedEnvironment()))
    }
    var tally = Tally()
    for child in children {
      let (_, output, error) = child.collect(until: nil)
      complain(error)
      guard let part = Tally(json: output) else { throw ValidationError("a part of the runs has crashed: see above") }
      tally.add(part)
    }
    return tally
  }

  private func complain(_ bytes: [UInt8]) { _ = write(STDERR_FILENO, bytes, bytes.count) }
}
