import Facts
import Memory
import Secrets
import Spool

/// What a harvest would find in one file. Nothing is recorded.
public struct TranscriptReading {
  private let source: Source
  private let reader: TranscriptReader

  public init(_ source: Source, rules: RuleSet, secrets: SecretRules) {
    self.source = source
    reader = TranscriptReader(rules: rules, secrets: secrets)
  }

  public struct Found {
    /// From 1.
    public var line: Int
    public var author: String
    public var kind: String
    public var rule: String
    public var text: String
  }

  public func findings() throws(Failure) -> [Found] {
    var all: [TranscriptReader.Found] = []
    let tree = SourceTree(trouble: { _ in })
    try tree.walk(source) { leaf throws(Failure) in
      guard let file = try leaf.directory.open(leaf.name) else { return }
      var transcript = Transcript(
        format: self.source.format.name, agent: self.source.agent, path: leaf.path, device: 0, inode: 0)
      all += try self.reader.read(file, &transcript, format: self.source.format) { _, found throws(Failure) in
        all += found
        return true
      }
    }
    return all.map {
      Found(
        line: $0.remark.line, author: $0.remark.author, kind: $0.remark.kind, rule: $0.rule, text: $0.remark.text)
    }
  }
}
