import ArgumentParser
import CommandLine
import Glibc
import Memory
import Secrets
import Spool

extension MemoryTool {
  struct Put: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "put", abstract: "Write a version of a key; the value comes on standard input.",
      discussion: """
        Prints the version's number. Nothing is overwritten: all versions stay (memory history). With --if-version it is written
        only where that version counts now, 0 for none; otherwise both are shown, and the exit is 1.

        With --batch standard input has a JSON object a line: key, value, and, where they are wanted, scope and if_version. Each is a
        transaction of its own, and is answered by a line as soon as it is safe.
        """.reflowed)

    @OptionGroup var options: MemoryOptions
    @OptionGroup var place: ScopeOption
    @Option(help: ArgumentHelp("Only where this version counts; 0: only where none does.", valueName: "n"))
    var ifVersion: Int?
    @Flag(help: "Many of them: JSON objects on standard input.") var batch = false
    @Argument(help: "The key.") var key: String?

    func validate() throws {
      if batch == (key != nil) { throw ValidationError(batch ? "--batch takes no key" : "give a key, or --batch") }
      if let ifVersion, ifVersion < 0 { throw ValidationError("--if-version: 0 or more") }
      if batch && ifVersion != nil { throw ValidationError("--batch: say if_version in the lines") }
    }

    func run() throws {
      let (store, spool, party) = try options.open()
      let writer = try MemoryWriter(
        store: store, spool: spool, party: party, policies: Policies(store), secrets: RuleFiles.secrets(spool))
      if batch { return try BatchPut(writer: writer, scope: place.scope, json: options.json).run() }
      let key = try place.key(key!)
      let value = try Self.value(of: key)
      let outcome = try writer.put(value, under: key, if: ifVersion)
      if let version = writer.tell(outcome, of: key, value) {
        if options.json {
          output(try JSONLine.encode(Written(key: key.key, scope: key.scope, version: version)))
        } else if !options.spool.quiet {
          output("\(version)")
        }
        return
      }
      throw Exit(.no)
    }

    static func value(of key: ItemKey) throws -> String {
      let bytes = try Input.text(for: "the value of \(key.key)")
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw Failure(
          .malformed, "the value of \(key.key)", "is not UTF-8", do: "put it into a file, and remember where that lies")
      }
      return text
    }
  }
}

/// A version that was written.
struct Written: Encodable {
  var key: String
  var scope: String
  var version: Int
}

/// Writes, and says what came of it.
struct MemoryWriter {
  let store: MemoryStore
  let spool: SpoolDirectory
  let party: Party
  let policies: Policies
  let secrets: SecretRules

  func put(_ value: String, under key: ItemKey, if expected: Int?) throws -> PutOutcome {
    let policy = policies.policy(for: key.key)
    let desk = policy == .ask ? try ConflictDesk(spool) : nil
    try desk?.prepare()
    let outcome = try store.put(value, under: key, by: party, if: expected, policy: policy, secrets: secrets)
    if case .conflict(_, _, .ask, _, let number) = outcome {
      let own = try MemoryTool.Settle.command(in: spool)
      try desk?.ask(about: [number], own)
    }
    return outcome
  }

  /// - Returns: the version that was written; nil: none was.
  func tell(_ outcome: PutOutcome, of key: ItemKey, _ value: String) -> Int? {
    switch outcome {
    case .current(let version): return version
    case .mismatch(let current):
      let counts = current.map { "version \($0.version) counts" } ?? "no version counts"
      complain(
        "memory: \(key.key.printable): not written: \(counts), and another one was expected: read it, and put again")
      if let current { complain("counts: version \(Self.line(current))") }
      complain("yours: \(Self.first(value))")
      return nil
    case .conflict(let version, let against, let policy, let current, _):
      let seen = "\(party.name) had not seen version \(against.version) by \(against.author)"
      let result =
        switch policy {
        case .latest: "version \(version) counts now"
        case .first: "version \(current) goes on to count, \(version) is kept"
        case .union: "version \(current) has the lines of both"
        case .ask: "a person is asked; until then version \(current) counts"
        }
      complain("memory: \(key.key.printable): \(seen): \(result) (policy \(policy.rawValue)): memory conflicts --all")
      return policy == .union ? current : version
    }
  }

  static func line(_ version: VersionRecord) -> String {
    "\(version.version) by \(version.author.printable), \(version.at): \(first(version.value ?? ""))"
  }

  /// A value's first line, for a listing.
  static func first(_ value: String) -> String {
    String((value.lines.first { !$0.isEmpty } ?? "").prefix(200)).printable
  }
}
