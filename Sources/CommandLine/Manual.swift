import Spool

/// What a tool's man page says beyond its options: from the same place as `--help`.
public struct Manual: Sendable {
  public var name: String
  /// One line.
  public var summary: String
  public var description: String
  /// Sections of its own behind the options: a title, what it is about, and a row for each thing.
  public var tables: [(title: String, about: String, rows: [(String, String)])]
  public var exits: [(ExitStatus, String)]
  public var files: [(String, String)]
  public var environment: [(String, String)]
  /// What it is for, and the commands, which run as they stand.
  public var examples: [(String, String)]
  public var seeAlso: [String]

  public init(
    name: String, summary: String, description: String,
    tables: [(title: String, about: String, rows: [(String, String)])] = [], exits: [(ExitStatus, String)] = [],
    files: [(String, String)] = [], environment: [(String, String)] = [], examples: [(String, String)] = [],
    seeAlso: [String] = []
  ) {
    self.name = name
    self.summary = summary
    self.description = description
    self.tables = tables
    self.exits = exits
    self.files = files
    self.environment = environment
    self.examples = examples
    self.seeAlso = seeAlso
  }

  /// What every tool says of itself.
  public static let commonExits: [(ExitStatus, String)] = [
    (.done, "Done."),
    (.usage, "The arguments are wrong."),
    (.malformed, "The data is malformed, or there is none."),
    (.software, "A bug of ours, or a spool that spool check should look at."),
    (.cannotCreate, "A file cannot be created."),
    (.io, "Input or output failed."),
    (.tryAgain, "Try again later: the disk is nearly full, or somebody has it."),
    (.notAllowed, "Not allowed: the spool belongs to somebody else."),
    (.configuration, "A settings file is wrong; the message names its line."),
  ]

  public static let commonEnvironment: [(String, String)] = [
    ("SPOOL_DIR", "The spool directory; default ~/spool."),
    ("SPOOL_NOW", "A time (RFC 3339) that stands for now; for tests."),
  ]
}
