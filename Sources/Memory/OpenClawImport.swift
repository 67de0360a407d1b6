import Foundation
import GRDB
import Secrets
import Spool

/// A memory of OpenClaw's, `~/.openclaw/memory/AGENT.sqlite`: its chunks of notes, taken over as facts of the kind `note`.
///
/// Seen on OpenClaw 2026.4: the table `chunks`, with path, start_line, text and updated_at (milliseconds).
public struct OpenClawImport {
  private let path: String
  private let agent: String

  public init(path: String, agent: String?) {
    self.path = path
    let name = path.split(separator: "/").last.map(String.init) ?? path
    self.agent = agent ?? (name.split(separator: ".").first.map(String.init) ?? "openclaw")
  }

  private struct Chunk {
    var path: String
    var line: Int
    var text: String
    var time: String
  }

  /// - Returns: how many chunks there are, and how many of them were new.
  public func run(into store: MemoryStore, secrets: SecretRules, scope: String) throws(Failure) -> (
    chunks: Int, new: Int
  ) {
    let chunks = try chunks()
    var gleanings: [String: Gleaning] = [:]
    for chunk in chunks {
      let place = "\(path):\(chunk.path)"
      if gleanings[place] == nil { gleanings[place] = try gleaning(place, store, scope) }
      gleanings[place]!.remarks.append(
        Remark(
          kind: "note", text: secrets.redacted(chunk.text), author: "openclaw", time: chunk.time, place: chunk.line,
          line: chunk.line))
    }
    let sorted = gleanings.sorted { $0.key < $1.key }.map(\.value)
    return (chunks.count, try store.record(sorted).newFacts)
  }

  /// Its file is as good as gone: no harvest reads it again.
  private func gleaning(_ place: String, _ store: MemoryStore, _ scope: String) throws(Failure) -> Gleaning {
    var transcript = Transcript(format: "openclaw", agent: agent, path: place, device: 0, inode: 0)
    transcript.isGone = true
    transcript.number = try store.read { db in
      try Int64.fetchOne(
        db, sql: "SELECT number FROM transcript WHERE path = ? AND format = 'openclaw'", arguments: [place])
    }
    return Gleaning(transcript, remarks: [], scope: scope)
  }

  private func chunks() throws(Failure) -> [Chunk] {
    try requireDatabase()
    var configuration = Configuration()
    configuration.readonly = true
    do {
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      return try queue.read { db in
        guard try db.tableExists("chunks") else {
          throw Failure(.malformed, path, "is no memory of OpenClaw: it has no table chunks", do: "check the name")
        }
        let columns = Set(try db.columns(in: "chunks").map(\.name))
        guard columns.isSuperset(of: ["path", "start_line", "text", "updated_at"]) else {
          throw Failure(
            .malformed, path, "its table chunks has other columns than path, start_line, text, updated_at",
            do: "tell us which version of OpenClaw made it")
        }
        return try Row.fetchAll(
          db, sql: "SELECT path, start_line, text, updated_at FROM chunks ORDER BY path, start_line, id"
        ).map { row in
          Chunk(
            path: row[0], line: row[1], text: row[2],
            time: Timestamp(nanoseconds: (row[3] as Int64) * 1_000_000).rfc3339)
        }
      }
    } catch { throw (error as? Failure) ?? Failure(error, path) }
  }

  private func requireDatabase() throws(Failure) {
    let slash = path.lastIndex(of: "/")
    let directory = try Directory.following(path: slash.map { String(path[...$0]) } ?? ".")
    guard let file = try directory.open(slash.map { String(path[path.index(after: $0)...]) } ?? path) else {
      throw Failure(.unavailable, path, "there is no such file", do: "check the name")
    }
    guard try file.readAll(size: 16) == Array("SQLite format 3\0".utf8) else {
      throw Failure(.malformed, path, "is no SQLite database", do: "check the name")
    }
  }
}
