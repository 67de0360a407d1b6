import ArgumentParser
import CommandLine
import Memory
import Spool

extension MemoryTool {
  struct Get: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "get", abstract: "Print a key's value: the version that counts, or another one.",
      discussion: """
        Notes that whoever asks has seen it: a later put of his that has not seen a newer one is a conflict. Exit 1: there is no such
        key, or version, or it was forgotten.

        With --batch standard input has a key a line; each is answered by a JSON object, with version 0 where there is none.
        """.reflowed)

    @OptionGroup var options: MemoryOptions
    @OptionGroup var place: ScopeOption
    @Option(help: ArgumentHelp("This version.", valueName: "n")) var version: Int?
    @Flag(help: "Many of them: keys on standard input.") var batch = false
    @Argument(help: "The key.") var key: String?

    func validate() throws {
      if batch == (key != nil) { throw ValidationError(batch ? "--batch takes no key" : "give a key, or --batch") }
      if batch && version != nil { throw ValidationError("--batch: only the versions that count") }
    }

    private struct Line: Encodable {
      var key, scope, value, author, at, state, token: String
      var version, saw: Int
    }

    func run() throws {
      let (store, _, party) = try options.open()
      if batch { return try BatchGet(store: store, party: party, scope: place.scope).run() }
      let key = try place.key(key!)
      guard let found = try store.get(key, version: version, by: party), let value = found.value else {
        if let forgotten = try store.forgetting(of: key) {
          complain("memory: \(key.key.printable): was forgotten by \(forgotten.author), \(forgotten.time)")
        } else {
          complain(
            "memory: \(key.key.printable): there is no such key\(version.map { ", or no version \($0)" } ?? "") in \(key.scope): memory search lists what there is"
          )
        }
        throw Exit(.no)
      }
      guard options.json else { return output(value, terminator: value.endsItsLine ? "" : "\n") }
      output(
        try JSONLine.encode(
          Line(
            key: found.key, scope: found.scope, value: value, author: found.author, at: found.at, state: found.state,
            token: try store.token(for: found, by: party), version: found.version, saw: found.saw)))
    }
  }

  struct History: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "history", abstract: "Print every version of a key, the oldest first, and who has seen which.")

    @OptionGroup var options: MemoryOptions
    @OptionGroup var place: ScopeOption
    @Argument(help: "The key.") var key: String

    private struct Mark: Encodable { var author, at: String }
    private struct Readers: Encodable {
      var readers: [ReadingRecord]
      /// By whom, and when, at last.
      var forgotten: Mark?
    }

    func run() throws {
      let (store, _, party) = try options.open()
      let key = try place.key(key)
      let (versions, readers) = try store.history(of: key, by: party)
      if versions.isEmpty {
        complain("memory: \(key.key.printable): there is no such key in \(key.scope)")
        throw Exit(.no)
      }
      let forgotten = try store.forgetting(of: key)
      if options.json {
        for version in versions { output(try JSONLine.encode(version)) }
        let mark = forgotten.map { Mark(author: $0.author, at: $0.time) }
        return output(try JSONLine.encode(Readers(readers: readers, forgotten: mark)))
      }
      let rows = versions.map { version in
        [
          "\(version.version)", version.at, version.author.printable, "\(version.saw)", version.state,
          version.value.map(MemoryWriter.first) ?? "-",
        ]
      }
      output(Table.aligned([["VERSION", "WRITTEN", "BY", "SAW", "STATE", "VALUE"]] + rows))
      for reader in readers { output("read by \(reader.agent.printable): version \(reader.version) at \(reader.at)") }
      if let forgotten { output("forgotten by \(forgotten.author), \(forgotten.time)") }
    }
  }
}
