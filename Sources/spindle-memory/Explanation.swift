import CommandLine
import Harvest
import Memory
import Spool

/// What the rules find in a file, and by which rule: for who writes rules.
struct Explanation {
  private let reader: TranscriptReading
  private let json: Bool

  init(_ spool: SpoolDirectory, _ text: String, json: Bool) throws(Failure) {
    let source = try Source(parsing: text, in: Directory.currentPath)
    reader = try TranscriptReading(source, rules: RuleFiles.facts(spool), secrets: RuleFiles.secrets(spool))
    self.json = json
  }

  private struct Line: Encodable {
    var line: Int
    var role: String
    var kind: String
    var rule: String
    var text: String
  }

  func print() throws {
    for found in try reader.findings() {
      let line = Line(line: found.line, role: found.author, kind: found.kind, rule: found.rule, text: found.text)
      output(
        json
          ? try JSONLine.encode(line)
          : "\(line.line)\t\(line.role)\t\(line.kind)\t\(line.rule)\t\(line.text.printable)")
    }
  }
}
