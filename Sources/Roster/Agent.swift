import Glibc
import Spool

/// An agent: one file, `agents/NAME.md`. Its header says how it is run; its body is who it is.
public struct Agent: Sendable {
  public var name: String
  public var model = "haiku"
  /// Whether the file names a model: another vendor's program knows no `haiku`.
  public var namesModel = false
  /// The program and its first arguments.
  public var command = ["claude"]
  public var timeout = Duration.seconds(120)
  /// Calls in a minute.
  public var rate = Rate(count: 10, span: .seconds(60))
  public var concurrency = 1
  /// Calls that may wait; more are refused.
  public var backlog = 1000
  /// USD a day; nil: none.
  public var budget: Double?
  public var requirements: [Requirement] = []
  public var isPersistent = false
  /// The agent program's own directory of settings and login.
  public var configDirectory: String?
  /// The token of its own Telegram bot, in a file.
  public var telegramTokenFile: String?
  /// What Claude Code may use, with commas; `none`: no tool at all.
  public var tools: String?
  /// Which scopes of the memory it may read, and which it may write.
  public var memory: MemoryScopes
  /// Within what time it stamps `heartbeat NAME`, and how late it may be; nil: it is called when there is something to do, and is
  /// never silent.
  public var heartbeat: (interval: Duration, grace: Duration)?
  /// What it is for, for people.
  public var description: String?
  /// The system prompt.
  public var identity = ""

  public struct MemoryScopes: Sendable, Equatable {
    public var read: [String]
    public var written: [String]
  }

  public struct Rate: Sendable, Equatable {
    public var count: Int
    public var span: Duration
  }

  /// Something that must be there, and the word that a person reads when it is not.
  public struct Requirement: Sendable, Equatable {
    public enum Thing: Sendable, Equatable {
      case variable(String)
      case file(String)
    }
    public var thing: Thing
    public var word: String
    /// Without it the agent is not run at all.
    public var isVital: Bool

    public func isMet(in environment: [String: String]) -> Bool {
      switch thing {
      case .variable(let name): environment[name]?.isEmpty == false
      case .file(let path): Kernel.mayAccess(Agent.expanded(path, environment), R_OK)
      }
    }
  }

  /// What the header may say. The last row is Claude Code's, read without a meaning here.
  private static let names = [
    "Model", "Command", "Timeout", "Rate", "Concurrency", "Backlog", "Budget", "Memory", "Requires", "Heartbeat",
    "Session",
    "Config-Dir", "Telegram-Token-File", "Name", "Description", "Tools",
    "Color", "disallowedTools", "permissionMode", "maxTurns", "skills", "effort", "background", "isolation", "hooks",
  ]

  /// Reads an agent of this spool.
  /// - Throws: `.unavailable` where there is none, `.configuration` where its file is not understood.
  public init(named name: String, in spool: SpoolDirectory) throws(Failure) {
    try Self.check(name: name)
    let directory = try spool.directory("agents")
    guard let file = try SettingsFile.read("\(name).md", in: directory, hasBody: true) else {
      let others = try directory.names().filter { $0.hasSuffix(".md") }.map { String($0.dropLast(3)) }.sorted()
      throw Failure(
        .unavailable, "--agent \(name)", "there is no \(directory.path)/\(name).md",
        do: others.isEmpty
          ? "make it: a header, a blank line, and who it is" : "use one of \(others.joined(separator: ", "))")
    }
    try self.init(named: name, file: file)
  }

  /// An agent's file is small; a limit to what is read of one.
  public static let sizeLimit = 1 << 20

  /// An agent as these bytes say.
  /// - Parameter path: where they stand, for messages.
  public init(named name: String, bytes: [UInt8], path: String) throws(Failure) {
    try Self.check(name: name)
    try self.init(named: name, file: SettingsFile(path: path, bytes: bytes, hasBody: true))
  }

  private static func check(name: String) throws(Failure) {
    guard (1...32).contains(name.utf8.count),
      name.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 45 })
    else { throw Failure(.usage, "--agent \(name)", "is no agent's name", do: "use a-z, 0-9 and dashes") }
    guard name != "me" else {
      throw Failure(.usage, "--agent me", "is the person", do: "give the agent another name")
    }
  }

  init(named name: String, file: SettingsFile) throws(Failure) {
    self.name = name
    memory = MemoryScopes(read: ["shared", "agent:\(name)"], written: ["shared", "agent:\(name)"])
    try file.allow(Self.names)
    if let model = file.value("Model"), model != "inherit", !model.isEmpty {
      self.model = model
      namesModel = true
    }
    if let command = file.value("Command")?.split(separator: " ").map(String.init), !command.isEmpty {
      self.command = command
    }
    let span = "a span such as 90s, 20m or 4h"
    timeout = try file.parse("Timeout", span) { Duration($0) } ?? timeout
    rate = try file.parse("Rate", "a rate such as 10/min or 100/h", Self.rate) ?? rate
    concurrency =
      try file.parse("Concurrency", "a number from 1 to 100") { Int($0).flatMap { (1...100).contains($0) ? $0 : nil } }
      ?? concurrency
    backlog =
      try file.parse("Backlog", "a number from 1 to 1000000") {
        Int($0).flatMap { (1...1_000_000).contains($0) ? $0 : nil }
      } ?? backlog
    budget = try file.parse("Budget", "US dollars a day, such as 2.50") { text in
      Double(text.hasPrefix("$") ? text.dropFirst() : text[...]).flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
    }
    isPersistent = try file.parse("Session", "new or persistent") { ["new": false, "persistent": true][$0] } ?? false
    memory =
      try file.parse("Memory", "scopes with commas, those read; those written: shared, agent:\(name); agent:\(name)") {
        Self.scopes($0)
      } ?? memory
    heartbeat = try file.parse("Heartbeat", "a span, such as 300s, or 300s, grace 60s") { Self.heartbeat($0) }
    for text in file.list("Requires") {
      requirements.append(Self.requirement(text))
    }
    configDirectory = file.value("Config-Dir")
    telegramTokenFile = file.value("Telegram-Token-File")
    tools = file.value("Tools")
    description = file.value("Description")
    identity = file.body
  }

  /// `READ, READ; WRITTEN`; without a semicolon all of them are both.
  private static func scopes(_ text: String) -> MemoryScopes? {
    let parts = text.split(separator: ";", omittingEmptySubsequences: false).map { part in
      part.split(separator: ",").map { String($0.trimmed) }.filter { !$0.isEmpty }
    }
    guard parts.count <= 2, parts.joined().allSatisfy(isScope) else { return nil }
    return MemoryScopes(read: parts[0], written: parts.last!)
  }

  /// `shared`, or `agent:NAME`.
  public static func isScope(_ text: String) -> Bool {
    if text == "shared" { return true }
    let name = text.dropFirst("agent:".count)
    return text.hasPrefix("agent:") && (1...32).contains(name.utf8.count)
      && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
  }

  private static func heartbeat(_ text: String) -> (Duration, Duration)? {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(\.trimmed)
    guard let interval = Duration(parts[0]), interval > .zero else { return nil }
    if parts.count == 1 { return (interval, .seconds(60)) }
    let words = parts[1].split(separator: " ")
    guard parts.count == 2, words.count == 2, words[0] == "grace", let grace = Duration(words[1]) else { return nil }
    return (interval, grace)
  }

  private static func rate(_ text: String) -> Rate? {
    let parts = text.split(separator: "/")
    guard parts.count == 2, let count = Int(parts[0]), count > 0,
      let span: Duration = [
        "s": .seconds(1), "min": .seconds(60), "m": .seconds(60), "h": .seconds(3600), "d": .seconds(86400),
      ][String(parts[1])]
    else { return nil }
    return Rate(count: count, span: span)
  }

  /// `NOTION_DB no Notion DB`, `!~/.netrc no login`: a variable or a path, then the word.
  private static func requirement(_ text: String) -> Requirement {
    let isVital = text.hasPrefix("!")
    let parts = text.drop { $0 == "!" }.split(separator: " ", maxSplits: 1)
    let thing = String(parts.first ?? "")
    return Requirement(
      thing: thing.contains("/") ? .file(thing) : .variable(thing),
      word: parts.count > 1 ? String(parts[1].trimmed) : "no \(thing)", isVital: isVital)
  }

  /// A path with its `~` resolved.
  public static func expanded(_ path: String, _ environment: [String: String]) -> String {
    path == "~" || path.hasPrefix("~/") ? (environment["HOME"] ?? "~") + path.dropFirst() : path
  }
}
