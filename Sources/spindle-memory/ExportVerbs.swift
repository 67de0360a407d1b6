import ArgumentParser
import CommandLine
import Memory
import Spool

extension MemoryTool {
  struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "export", abstract: "Print every fact and every version, a JSON object a line, in a fixed order.",
      discussion: """
        With --files they become files in a directory: one a key, facts.md, ACTIVE (the projects of the last week), and index.json,
        which says when each was updated and how old it may become.
        """.reflowed)

    @OptionGroup var options: MemoryOptions
    @Option(help: ArgumentHelp("Into this directory.", valueName: "dir")) var files: String?

    func run() throws {
      let (store, _, party) = try options.open()
      if let files {
        var target = try MemoryFiles(files)
        return try target.write(store, as: party)
      }
      var buffer: [UInt8] = []
      func put(_ line: String) {
        buffer += line.utf8
        buffer.append(10)
        if buffer.count > 1 << 16 {
          output(bytes: buffer)
          buffer.removeAll(keepingCapacity: true)
        }
      }
      try store.export {
        if party.mayRead($0.scope) { put(try JSONLine.encode($0)) }
      } version: {
        if party.mayRead($0.scope) { put(try JSONLine.encode($0)) }
      }
      output(bytes: buffer)
    }
  }

  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "import", abstract: "Take over another memory: openclaw:FILE, an OpenClaw agent's memory database.",
      discussion:
        "Its chunks become facts of the kind note. What is there already is not taken twice; secrets are left out.")

    @OptionGroup var options: MemoryOptions
    @OptionGroup var place: ScopeOption
    @Argument(help: ArgumentHelp("Its program and its file.", valueName: "openclaw:file")) var source: String

    func run() throws {
      guard source.hasPrefix("openclaw:") else {
        throw Failure(.usage, source, "is no memory that we know", do: "write openclaw:FILE")
      }
      let (store, spool, party) = try options.open()
      try party.require(writing: place.scope)
      let sum = try OpenClawImport(path: String(source.dropFirst("openclaw:".count)), agent: options.agent).run(
        into: store, secrets: RuleFiles.secrets(spool), scope: place.scope)
      if options.json {
        output(#"{"chunks":\#(sum.chunks),"new":\#(sum.new)}"#)
      } else if !options.spool.quiet {
        output("imported: \(sum.chunks) chunks, \(sum.new) new facts")
      }
    }
  }

  struct Forget: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "forget",
      abstract: "Remove a key, a fact, or all that says a text, from every version, the index and the file.",
      discussion: """
        What was forgotten is told: each key, and each fact's ID. That it was, when and by whom stays on record; what it said does not,
        and no harvest brings it back. Exit 1: there was nothing.
        """.reflowed)

    @OptionGroup var options: MemoryOptions
    @OptionGroup var place: ScopeOption
    @Option(help: ArgumentHelp("Whatever says this, letter by letter.", valueName: "text")) var containing: String?
    @Argument(help: ArgumentHelp("A key, or a fact's ID.", valueName: "key|id")) var what: String?

    func validate() throws {
      if (what == nil) == (containing == nil) { throw ValidationError("give a key, a fact's ID, or --containing") }
      if containing == "" { throw ValidationError("--containing: a text") }
    }

    func run() throws {
      let (store, spool, party) = try options.open()
      var forgotten = Forgotten()
      if let containing {
        forgotten = try store.forget(.text(containing), by: party)
      } else if let what {
        forgotten = try store.forget(.key(place.key(what)), by: party)
        if forgotten.isEmpty {
          let isFinished = forgotten.isFinished
          forgotten = try store.forget(.fact(what), by: party)
          forgotten.isFinished = forgotten.isFinished || isFinished
        }
      }
      if forgotten.isEmpty && !forgotten.isFinished && !forgotten.logIsHeld {
        complain(
          "memory: \((what ?? "--containing").printable): there is nothing of it: memory search lists what there is")
        throw Exit(.no)
      }
      for (key, versions) in forgotten.keys {
        spool.journal.write("forget", detail: "\(key.scope) \(key.key.printable) by \(party.name)")
        output("forgotten: \(key.key.printable) (\(key.scope)), \(versions) version\(versions == 1 ? "" : "s")")
      }
      for id in forgotten.facts {
        spool.journal.write("forget", detail: "fact \(id) by \(party.name)")
        output("forgotten: fact \(id)")
      }
      if forgotten.isEmpty && forgotten.isFinished { output("finished: what was forgotten before has left the files") }
      if forgotten.logIsHeld {
        complain(
          "memory: somebody still reads an old view of the database, or makes it anew, and the bytes stay until then: forget again later"
        )
        throw Exit(.tryAgain)
      }
    }
  }
}
