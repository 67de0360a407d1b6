import ArgumentParser
import CommandLine
import Spool

extension SpoolTool {
  struct Put: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "put", abstract: "Publish standard input as an entry.",
      discussion: """
        Prints its ID. Exit 0 means that it survives a power cut. Under a key, the same key again gives the first ID
        and publishes nothing; where that entry has failed, this is said, with exit 69.
        """.reflowed)

    @OptionGroup var spool: SpoolOptions
    @Option(help: "An idempotency key: one key, one entry.") var key: String?
    @Option(help: "One line that says what it is.") var subject: String?
    @Option(help: "A few characters of the ID, for eyes only; default: from the subject.") var slug: String?
    @Option(help: "A span (12h) or a time (RFC 3339) after which it is worth nothing.") var expires: Expiry?
    @Option(name: .long, help: ArgumentHelp("A further header line.", valueName: "name: value")) var header:
      [HeaderLine] = []
    @Flag(help: "Publish each line of standard input as an entry of its own.") var lines = false
    @Argument(help: "The queue.") var queue: String

    func run() throws {
      let opened = try spool.open(as: "spool")
      let queue = try opened.queue(queue)
      let bodies = try bodies()
      if let key {
        guard bodies.count == 1 else { throw Failure(.usage, "--key", "is for one entry, and --lines gives many") }
        return try putKeyed(draft(bodies[0]), key: key, in: queue)
      }
      let ids = try queue.publish(bodies.map { try draft($0) })
      if !spool.quiet { for id in ids { output(id.description) } }
    }

    private func putKeyed(_ draft: Draft, key: String, in queue: Queue) throws {
      let published = try queue.publish(draft, key: key)
      if !published.isNew { try queue.explainKnown(published.id, key: key, body: draft.body) }
      if !spool.quiet { output(published.id.description) }
    }

    private func bodies() throws -> [[UInt8]] {
      let bytes = try Input.text(for: "the entry")
      guard lines else { return [bytes] }
      return bytes.split(separator: 10, omittingEmptySubsequences: true).map(Array.init)
    }

    private func draft(_ body: [UInt8]) throws -> Draft {
      var fields = Header(["From": "put", "Subject": subject, "Expires": expires?.time.rfc3339])
      for line in header {
        guard fields[line.name] == nil,
          !["spool", "id", "length", "sha256", "key", "created"].contains(line.name.lowercased())
        else { throw Failure(.usage, "--header \(line.name)", "is set by this tool itself") }
        fields[line.name] = line.value
      }
      return Draft(slug: (slug ?? subject).flatMap { EntryID.slug(from: $0) }, header: fields, body: body)
    }
  }
}
