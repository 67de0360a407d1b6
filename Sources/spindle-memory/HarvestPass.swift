import CommandLine
import Facts
import Harvest
import Memory
import Roster
import Secrets
import Spool
import Work

/// A harvest as the tool makes it: into the memory, or into a new one that then takes its place.
struct HarvestPass {
  let spool: SpoolDirectory
  let sources: [Source]
  let options: HarvestTool
  let rules: RuleSet
  let secrets: SecretRules

  init(_ spool: SpoolDirectory, sources: [Source], options: HarvestTool) throws(Failure) {
    self.spool = spool
    self.sources = sources
    self.options = options
    rules = try RuleFiles.facts(spool)
    secrets = try RuleFiles.secrets(spool)
  }

  /// - Returns: what was wrong with single files, which is told already.
  func run() throws -> Failure? {
    let store = try MemoryStore(spool)
    // What a rebuild has left that was killed.
    try store.remove(MemoryStore.anew)
    let harvester = try harvester(store)
    try harvest(harvester)
    say(harvester.sum)
    return harvester.trouble
  }

  /// Into a new database: readers see the old facts until the new ones are all there, and a crash leaves the old ones.
  func rebuild() throws -> Failure? {
    let store = try MemoryStore(spool)
    // First what has been renamed, replaced and removed since: only who knows the old names can tell.
    let asUsual = try harvester(store)
    asUsual.complain = { _ in }
    try harvest(asUsual)
    try store.remove(MemoryStore.anew)
    let anew = try MemoryStore(spool, name: MemoryStore.anew)
    try anew.learnForgotten(from: store)
    let harvester = try harvester(anew)
    try harvest(harvester)
    try store.takeOver(anew)
    try store.remove(MemoryStore.anew)
    say(harvester.sum)
    return harvester.trouble
  }

  func harvester(_ store: MemoryStore) throws -> Harvester {
    let harvester = try Harvester(store, rules: rules, secrets: secrets, scope: scopes(spool))
    harvester.complain = { complain("harvest: \($0.printable)") }
    harvester.complainOfLines = options.spool.verbose
    harvester.stop = {
      Signals.pending().map { Failure(.signal($0), "harvest", "stopped by signal \($0); what was read is recorded") }
    }
    return harvester
  }

  private func harvest(_ harvester: Harvester) throws {
    if ProgressBar.isSeen, let bar = try ProgressBar(total: harvester.outstanding(sources)) {
      harvester.progress = bar.advance
    }
    // The bar goes away with it, before the result is printed.
    defer { harvester.progress = { _ in } }
    do { try harvester.harvest(sources) } catch {
      if error.status.rawValue > 128 { throw Exit(error.status) }
      throw error
    }
  }

  private func say(_ sum: Harvester.Sum) {
    if options.json && !options.report {
      output(#"{"bytes":\#(sum.bytes),"facts":\#(sum.facts),"files":\#(sum.files),"lines":\#(sum.lines)}"#)
    } else if !options.spool.quiet && !options.json {
      func told(_ count: Int, _ thing: String) -> String { "\(count) \(thing)\(count == 1 ? "" : "s")" }
      output("harvested: \(told(sum.files, "file")), \(told(sum.lines, "line")), \(told(sum.facts, "new fact"))")
    }
  }
}

/// What an agent's sessions give may be read by all, unless it may not write for all.
private func scopes(_ spool: SpoolDirectory) -> (String) -> String {
  var known: [String: String] = [:]
  return { name in
    if let scope = known[name] { return scope }
    let agent = try? Agent(named: name, in: spool)
    let scope = agent.map { $0.memory.written.contains("shared") ? "shared" : "agent:\(name)" } ?? "shared"
    known[name] = scope
    return scope
  }
}
