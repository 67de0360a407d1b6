import FoundationEssentials
import Spool

/// What undoes which step: a line for each step with `--undo`, durable before its command begins, in the order in which they began.
public struct UndoLog {
  struct Line: Codable, Equatable {
    var step: String
    var command: String
    /// Of the step, and so of its undo; in nanoseconds.
    var limit: Int64?
    /// Of the run's beginnings (`RunState.generation`); what was begun anew has lines of its own.
    var generation: Int?
    /// It undoes a run that the step has started; there may be several.
    var isInner: Bool?

    init(step: String, command: String, timeout: Duration?, isInner: Bool = false) {
      self.step = step
      self.command = command
      limit = timeout?.nanoseconds
      self.isInner = isInner ? true : nil
    }

    /// An undo that hangs is ended: ten minutes are more than a revert takes, and less than a person would wait.
    var timeout: Duration { limit.map { .nanoseconds($0) } ?? .seconds(600) }
  }

  private static let fileName = "undo"
  let state: RunState

  init(_ state: RunState) { self.state = state }

  /// Says how a step that is about to begin is undone.
  /// - Parameter again: whether it has begun before, and may have said so.
  func append(_ line: Line, again: Bool) throws(Failure) {
    if again, try lines().contains(where: { $0.step == line.step && $0.command == line.command }) { return }
    var line = line
    line.generation = try state.generation()
    let isNew = try !state.directory.contains(Self.fileName)
    let file = try state.directory.openOrCreate(Self.fileName, append: true)
    let words: String
    do { words = try JSONLine.encode(line) } catch {
      throw Failure(.malformed, "--undo", "cannot be recorded: \(error)", do: "write it as UTF-8")
    }
    // Behind what a cut may have left of a line, on a line of its own.
    try file.write(Array("\n\(words)\n".utf8))
    try file.sync()
    if isNew { try state.directory.sync() }
  }

  /// In the order in which the steps began, the last time that they did. A line that a cut has torn belongs to a step that never began.
  func lines() throws(Failure) -> [Line] {
    guard let file = try state.directory.open(Self.fileName) else { return [] }
    let bytes = try file.readAll(limit: 256 << 20) ?? []
    var seen: Set<String> = []
    var newestFirst: [Line] = []
    for words in bytes.split(separator: 10).reversed() {
      guard let line = try? JSONDecoder().decode(Line.self, from: Data(words)) else { continue }
      // What a step says of itself counts as it was said last, and for the runs that it has started too.
      if line.isInner == true {
        if seen.contains(line.step) || !seen.insert("\(line.step) \(line.command)").inserted { continue }
      } else if !seen.insert(line.step).inserted {
        continue
      }
      newestFirst.append(line)
    }
    return newestFirst.reversed()
  }

  /// Says that a step of this process is about to start a run: what undoes the step undoes that as well.
  public static func noteInnerRun(key: String, in spool: SpoolDirectory, _ environment: [String: String])
    throws(Failure)
  {
    // What undoes a step is not itself undone.
    guard let step = environment["STEP"], let prefix = environment["SPINDLE_STEP"],
      prefix.split(separator: "/").last?.hasPrefix("-undo-") == false, let word = environment["RUN"],
      let outer = try? EntryID(word), let state = try RunState(of: outer, in: spool.queue(RunRequest.queueName))
    else { return }
    let command = "pipeline-run -q --undo --key \(key.shellQuoted)"
    try UndoLog(state).append(Line(step: step, command: command, timeout: nil, isInner: true), again: true)
  }
}
