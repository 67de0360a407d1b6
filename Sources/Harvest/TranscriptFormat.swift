import Facts
import Spool

/// What a program's session files look like. The next format is one more file like these.
protocol TranscriptFormat: Sendable {
  /// As `--source` names it.
  static var name: String { get }
  /// The fields that it looks at.
  static var fields: [LineParser.Field] { get }
  /// Where a record has its time, and the directory that the session works in.
  static var always: (time: Int, workingDirectory: Int) { get }
  /// What is known to say nothing: the pass over such a line ends here.
  static var stops: [(slot: Int, value: StaticString)] { get }
  /// Where the program keeps its sessions.
  static func defaultSources(_ environment: SourceEnvironment) -> [Source]
  /// What a line means. It is an object.
  static func meaning(of line: LineParser) -> LineMeaning
}

extension TranscriptFormat {
  /// A record of this kind, with what every record has.
  static func spoken(_ line: LineParser, _ kind: StaticString) -> LineMeaning {
    var meaning = LineMeaning(.record(kind))
    meaning.time = line[always.time]
    meaning.workingDirectory = line[always.workingDirectory]
    return meaning
  }
}

/// What a line is, and what was said in it.
struct LineMeaning {
  /// How the report counts it.
  enum Count {
    /// Understood: its kind.
    case record(StaticString)
    /// Known to say nothing of what we look for: its type, and what is said more of it.
    case noise(StaticString, LineValue = .none)
    /// A type that we do not know: the programs invent new ones each month.
    case unknown(LineValue)
  }

  var count: Count
  /// Whose words `text` are; nil: nobody's.
  var speaker: Speaker?
  var text = Text.none
  /// When it was said.
  var time = LineValue.none
  /// Where the session works.
  var workingDirectory = LineValue.none

  /// Where the words stand.
  enum Text {
    case none
    case value(LineValue)
    /// All elements of the array that have a text, in the slot `text`, where `type` is one of these.
    case elements(type: Int, types: [StaticString], text: Int)
  }

  init(_ count: Count) { self.count = count }
}

/// All of them, by name.
enum TranscriptFormats {
  static let all: [any TranscriptFormat.Type] = [ClaudeFormat.self, PiFormat.self, CodexFormat.self]

  static func named(_ name: some StringProtocol) -> (any TranscriptFormat.Type)? { all.first { $0.name == name } }
}
