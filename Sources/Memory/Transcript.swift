import Foundation
import GRDB
import Spool

/// A file of a session, and how far it has been read.
public struct Transcript: Sendable, FetchableRecord {
  /// Nil: it is not in the database yet.
  public var number: Int64?
  public var format: String
  public var agent: String
  public var path: String
  public var device: Int64
  public var inode: Int64
  /// A digest of what was read: its beginning, and what stands before the position.
  public var mark: [UInt8] = []
  /// The place behind the last whole line.
  public var position = 0
  /// When it was last looked at; more than `position` where its last line is torn.
  public var size = 0
  /// Nanoseconds since 1970; 0: it was too fresh to be told from a later change by its time.
  public var modified: Int64 = 0
  public var lines = 0
  public var tally = Tally()
  /// The time of the last line that has one.
  public var last: String?
  /// The last one that a line names; empty: none does.
  public var workingDirectory = ""
  /// Its file was deleted, or its content replaced: what was harvested from it stays.
  public var isGone = false

  public init(format: String, agent: String, path: String, device: Int64, inode: Int64) {
    self.format = format
    self.agent = agent
    self.path = path
    self.device = device
    self.inode = inode
  }

  public init(row: Row) throws {
    number = row["number"]
    format = row["format"]
    agent = row["agent"]
    path = row["path"]
    device = row["device"]
    inode = row["inode"]
    mark = Array(row["mark"] as Data)
    position = row["position"]
    size = row["size"]
    modified = row["modified"]
    lines = row["lines"]
    tally = try Tally(json: row["tally"])
    last = row["last"]
    workingDirectory = row["directory"]
    isGone = row["is_gone"]
  }

  /// What the next look goes by: enough to see that nothing has changed.
  public struct Brief: Sendable {
    public var number: Int64
    public var device: Int64
    public var inode: Int64
    public var size: Int
    public var modified: Int64
    public var isGone: Bool

    public init(number: Int64, device: Int64, inode: Int64, size: Int, modified: Int64, isGone: Bool) {
      self.number = number
      self.device = device
      self.inode = inode
      self.size = size
      self.modified = modified
      self.isGone = isGone
    }
  }

  mutating func save(_ db: Database) throws {
    if let number {
      try db.cachedStatement(
        sql: """
          UPDATE transcript SET format = ?, agent = ?, path = ?, device = ?, inode = ?, mark = ?, position = ?, size = ?,
            modified = ?, lines = ?, tally = ?, last = ?, directory = ?, is_gone = ? WHERE number = ?
          """
      ).execute(arguments: try columns + [number])
    } else {
      try db.cachedStatement(
        sql: """
          INSERT INTO transcript (
            format, agent, path, device, inode, mark, position, size, modified, lines, tally, last, directory, is_gone)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          """
      ).execute(arguments: try columns)
      number = db.lastInsertedRowID
    }
  }

  private var columns: StatementArguments {
    get throws {
      [
        format, agent, path, device, inode, Data(mark), position, size, modified, lines, try tally.json(), last,
        workingDirectory,
        isGone,
      ]
    }
  }
}

/// What a transcript's lines were. Each line is counted once: as a record or as skipped.
public struct Tally: Codable, Sendable, Equatable {
  /// By kind.
  public var records: [String: Int] = [:]
  /// By reason.
  public var skipped: [String: Int] = [:]
  /// By kind.
  public var facts: [String: Int] = [:]

  public init() {}

  init(json: String) throws { self = try JSONLine.decode(Tally.self, json) }
  func json() throws -> String { try JSONLine.encode(self) }

  public static func + (one: Tally, other: Tally) -> Tally {
    var sum = one
    sum.records.merge(other.records, uniquingKeysWith: +)
    sum.skipped.merge(other.skipped, uniquingKeysWith: +)
    sum.facts.merge(other.facts, uniquingKeysWith: +)
    return sum
  }
}

/// Something said in a transcript that is worth remembering.
public struct Remark: Sendable {
  public var kind: String
  /// Without secrets.
  public var text: String
  /// `user`, `assistant`, or `session` for what nobody has said.
  public var author: String
  /// RFC 3339; empty: it has none.
  public var time: String
  /// The offset of its line, in bytes.
  public var place: Int
  /// From 1.
  public var line: Int

  public init(kind: String, text: String, author: String, time: String, place: Int, line: Int) {
    self.kind = kind
    self.text = text
    self.author = author
    self.time = time
    self.place = place
    self.line = line
  }
}
