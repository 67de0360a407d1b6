import ArgumentParser
import CommandLine
import Glibc
import Memory
import Spool
import Work

extension MemoryTool {
  struct Search: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "search", abstract: "Find facts and keys by words, the best first; without words the newest first.",
      discussion: "Exit 1: nothing was found.")

    @OptionGroup var options: MemoryOptions
    @Option(help: ArgumentHelp("Only these: correction, decision, project, note, key, or a kind of your own rules."))
    var kind: String?
    @Option(help: "At most so many.") var limit = 20
    @Argument(help: "The words.") var words: [String] = []

    func validate() throws { if limit < 1 { throw ValidationError("--limit: at least 1") } }

    func run() throws {
      let (store, _, party) = try options.open()
      if !words.isEmpty && !words.joined().contains(where: { $0.isLetter || $0.isNumber }) { throw Exit(.no) }
      let found = try store.search(words.joined(separator: " "), kind: kind, limit: limit, by: party)
      for one in found { output(try options.json ? Self.json(one) : Self.text(one)) }
      if found.isEmpty { throw Exit(.no) }
    }

    private static func json(_ found: Found) throws -> String {
      switch found {
      case .fact(let fact): try JSONLine.encode(fact)
      case .version(let version): try JSONLine.encode(version)
      }
    }

    private static func text(_ found: Found) -> String {
      switch found {
      case .fact(let fact):
        let place = fact.sources.last.map { "\n    \($0.file.printable):\($0.line)" } ?? ""
        return
          "\(fact.id)  \(fact.kind) (\(fact.author), \(fact.agent), \(fact.time?.prefix(10) ?? "no date")): \(fact.text.printable)\(place)"
      case .version(let version):
        return
          "\(version.key.printable)  (\(version.scope), version \(version.version), \(version.author.printable), \(version.at.prefix(10))): \(MemoryWriter.first(version.value ?? ""))"
      }
    }
  }

  struct Context: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "context", abstract: "Print what an agent may know of a topic, as a block for its prompt.",
      discussion: """
        The keys and facts that have most of the topic's words come first, then what a person has corrected last, as much as fits. The
        last line has a token, which memory fresh takes.
        """.reflowed)

    @OptionGroup var options: MemoryOptions
    @Option(name: .customLong("for"), help: "What it is about.") var topic: String
    @Option(help: "At most so many tokens (one is counted for three bytes), the last line included.") var tokens = 2000

    func validate() throws {
      if !(1...1_000_000).contains(tokens) { throw ValidationError("--tokens: 1 to 1000000") }
      if topic.utf8.count > 1000 { throw ValidationError("--for: at most 1000 bytes") }
    }

    private struct Line: Encodable {
      var text, token: String
      var tokens: Int
    }

    func run() throws {
      let (store, _, party) = try options.open()
      let block = try ContextBlock(for: topic, agent: party, tokens: tokens, from: store)
      guard options.json else { return output(block.text, terminator: "") }
      output(try JSONLine.encode(Line(text: block.text, token: block.snapshot.token, tokens: block.tokens)))
    }
  }

  struct Fresh: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "fresh", abstract: "Tell whether what was read still holds.",
      discussion: """
        Exit 0: it would be told now as it was then. Exit 1: it would not; prints what has changed.

        With a command behind -- that is run in its place where it is fresh, and not at all where it is not.
        """.reflowed)

    @OptionGroup var options: MemoryOptions
    @Option(
      name: .customShort("f"),
      help: ArgumentHelp("A file with a token, or with what context has printed.", valueName: "file"))
    var files: [String] = []
    @Argument(help: ArgumentHelp("Tokens; and behind -- what is done if they are fresh.", valueName: "token"))
    var words: [String] = []

    /// The parser knows of no second list behind the first.
    private var command: ArraySlice<String> {
      let all = CommandLine.arguments
      return all.firstIndex(of: "--").map { all[($0 + 1)...] } ?? []
    }
    private var tokens: [String] { words.dropLast(command.count) }

    func validate() throws {
      if tokens.isEmpty && files.isEmpty { throw ValidationError("give a token, or -f FILE") }
    }

    func run() throws {
      let (store, spool, party) = try options.open()
      var isStale = false
      for token in try tokens + files.map(Self.token) {
        let changes = try store.changes(since: Snapshot(token: token)) { name throws(Failure) in
          // There is no secret in a token: who makes one for another agent would be told what that one may read.
          guard party.isPerson || party.name == name else {
            throw Failure(
              .notAllowed, "the token", "is agent \(name.printable)'s, and \(party.name) asks",
              do: "give one of your own")
          }
          return try MemoryOptions.party(name, in: spool)
        }
        for change in changes {
          // What the command prints is a result; why it is not run is none.
          if command.isEmpty { output(change.printable) } else { complain("memory: stale: \(change.printable)") }
        }
        if !changes.isEmpty { isStale = true }
      }
      if isStale { throw Exit(.no) }
      if !command.isEmpty { throw try follow() }
    }

    /// - Returns: why it could not be started.
    private func follow() throws -> Failure {
      let environment = inheritedEnvironment()
      let command = Array(command)
      guard let path = try Command.find(command[0], in: Command.searchPath(environment)) else {
        throw Failure(.unavailable, command[0], "was not found", do: "check the name, and PATH")
      }
      signal(SIGPIPE, SIG_DFL)
      return Command(path: path, arguments: command, environment: environment).replaceUs()
    }

    private static func token(inFile path: String) throws -> String {
      let bytes = try Input.file(path, for: "-f").readAll(limit: Entry.sizeLimit) ?? []
      let text = String(decoding: bytes, as: UTF8.self)
      if let token = Snapshot.token(in: text) { return token }
      let words = text.split(whereSeparator: \.isWhitespace)
      guard words.count == 1 else {
        throw Failure(.malformed, "-f \(path)", "has no snapshot token", do: "give what memory context has printed")
      }
      return String(words[0])
    }
  }
}
