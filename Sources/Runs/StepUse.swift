import Spool
import Work

/// What the tools ask for inside a step: each gets a key of its own by default, so that a step that is run again asks for the same
/// call, the same message and the same verdict, and has no effect twice.
///
/// `steps/.uses-NAME` has a line for each: attempt, tool, whom it is for, and the key. It is a story for `spool show`; that one
/// attempt asks twice under one key is seen by it too.
public struct StepUse: Sendable {
  public var attempt: Int
  public var tool: String
  public var to: String
  public var key: String

  /// Tells a command of which step it is.
  static func announce(
    _ prefix: String, attempt: Int, file: String, of state: RunState, in environment: inout [String: String]
  ) {
    environment["SPINDLE_STEP"] = prefix
    environment["SPINDLE_STEP_ATTEMPT"] = String(attempt)
    environment["SPINDLE_STEP_USES"] = "\(state.steps.path)/\(file)"
  }

  /// The key that a tool takes: the given one, else, inside a step, RUN/STEP/TOOL/TO.
  /// - Throws: `.usage` where this attempt of the step has used the default one before.
  public static func key(
    _ given: String?, tool: String, to: String, _ environment: [String: String] = inheritedEnvironment()
  ) throws(Failure) -> String? {
    guard let prefix = environment["SPINDLE_STEP"], !prefix.isEmpty, let path = environment["SPINDLE_STEP_USES"],
      let attempt = environment["SPINDLE_STEP_ATTEMPT"].flatMap({ Int($0) })
    else { return given }
    let use = StepUse(attempt: attempt, tool: tool, to: to, key: given ?? "\(prefix)/\(tool)/\(to)")
    let slash = path.lastIndex(of: "/") ?? path.startIndex
    let directory = try Directory(path: String(path[..<slash]))
    let file = try directory.openOrCreate(String(path[path.index(after: slash)...]), append: true)
    try file.lock()
    defer { file.unlock() }
    let isKnown = try read(file).contains { $0.attempt == attempt && $0.tool == tool && $0.key == use.key }
    if isKnown && given == nil {
      throw Failure(
        .usage, "\(tool) to \(to)",
        "was used by this step already: without a key of its own this would be the same one again",
        do: "give --key")
    }
    if !isKnown { try file.write(Array(use.line.utf8)) }
    return use.key
  }

  private var line: String {
    [String(attempt), tool, to, key].map { $0.printable.replacing("\t", with: " ") }.joined(separator: "\t") + "\n"
  }

  private static func read(_ file: File) throws(Failure) -> [StepUse] {
    try file.seek(to: 0)
    let bytes = try file.readAll(limit: 1 << 20) ?? []
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
      let words = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard words.count == 4, let attempt = Int(words[0]) else { return nil }
      return StepUse(attempt: attempt, tool: words[1], to: words[2], key: words[3])
    }
  }

  /// What the attempts of a step have asked for.
  /// - Parameter generation: of one that was undone, or has ended and is begun anew.
  static func all(of step: String, in state: RunState, generation: Int? = nil) throws(Failure) -> [StepUse] {
    let directory = try generation == nil ? state.steps : Directory("undone", in: state.directory)
    let name = RunState.usesPrefix + step + (generation.map { ".\($0)" } ?? "")
    guard let file = try directory.open(name) else { return [] }
    return try read(file)
  }

  /// The queue that has its entry.
  var queueName: String? {
    switch tool {
    case "claude-call": "calls-\(to)"
    case "deliver": "deliveries"
    case "wait-approval": "approvals"
    case "pipeline-run": RunRequest.queueName
    default: nil
    }
  }

  /// Its entry; nil where it has come to none yet.
  public func entry(in spool: SpoolDirectory) throws(Failure) -> (queue: Queue, id: EntryID)? {
    guard let queueName, (try? SpoolDirectory.check(queueName: queueName)) != nil,
      try spool.root.status(queueName)?.isDirectory == true
    else { return nil }
    let queue = try spool.queue(queueName)
    return try queue.known(key: key).map { (queue, $0) }
  }

  /// Where a step ended as its last question, or its last inner run, did: why, and whether a person has said no.
  static func verdict(of step: Step, exit: Int32, _ output: File) throws(Failure) -> (why: String, isRejection: Bool)? {
    guard let use = try all(of: step.name, in: step.state).last else { return nil }
    if use.tool == "pipeline-run", let (queue, id) = try use.entry(in: step.state.queue.spool),
      let halt = try RunState(of: id, in: queue)?.halt()
    {
      return ("run \(use.to): \(halt.spoken)", halt.isRejection)
    }
    guard use.tool == "wait-approval" else { return nil }
    try output.seek(to: 0)
    let words = String(decoding: try output.readAll(limit: 65536) ?? [], as: UTF8.self).split(separator: "\n")
    guard let first = words.first, ["rejected", "timeout", "undelivered"].contains(first) else { return nil }
    let note = words.dropFirst().joined(separator: " ")
    switch first {
    case "rejected": return (note.isEmpty ? "rejected" : "rejected: \(note)", true)
    case "timeout": return ("no answer in time", false)
    default:
      return (note.isEmpty ? "the question has reached nobody" : "the question has reached nobody: \(note)", false)
    }
  }
}
