import Calls
import Roster
import Spool

/// The agents as they were when their files could be read last: `gateway/agents/NAME.md`, which the gateway writes and its slots read.
/// So a file that somebody is just editing, or has spoilt, stops no call.
struct KnownAgents {
  private let spool: SpoolDirectory
  private let known: Directory

  init(_ spool: SpoolDirectory) throws(Failure) {
    self.spool = spool
    known = try Directory.making("agents", in: spool.directory(GatewayPresence.directory))
  }

  func agent(named name: String) throws(Failure) -> Agent {
    guard let file = try known.open("\(name).md"), let bytes = try file.readAll(limit: Agent.sizeLimit) else {
      throw Failure(.unavailable, "agents/\(name).md", "was removed", do: "bring it back")
    }
    return try Agent(named: name, bytes: bytes, path: file.path)
  }

  /// Reads its file anew.
  /// - Parameter told: why what was known goes on.
  func learn(_ name: String, _ told: (Failure) -> Void) throws(Failure) -> Agent {
    do throws(Failure) {
      guard let file = try spool.directory("agents").open("\(name).md"),
        let bytes = try file.readAll(limit: Agent.sizeLimit)
      else { throw Failure(.unavailable, "agents/\(name).md", "was removed, or is too large") }
      let agent = try Agent(named: name, bytes: bytes, path: file.path)
      if try known.open("\(name).md")?.readAll(limit: Agent.sizeLimit) != bytes {
        try known.replace("\(name).md", with: bytes)
      }
      return agent
    } catch {
      if error.isFailedFlush { throw error }
      guard let old = try? agent(named: name) else { throw error }
      told(error)
      return old
    }
  }

  func forgetAll(but names: Set<String>) throws(Failure) {
    for fileName in try known.names() where !names.contains(fileName) { try known.unlink(fileName) }
  }
}
