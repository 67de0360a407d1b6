import FoundationEssentials
import SystemPackage

/// `$SPOOL_DIR/journal/YYYY-MM-DD.jsonl`: after each change one line. A story for people and dashboards:
/// nothing computes state from it, it is not fsynced, and what cannot be written stops nothing.
public final class Journal {
  private unowned let spool: SpoolDirectory  // which owns us
  private var file: File?
  private var day = ""
  private var wroteShort = false

  /// Keeps one line in one write(2), which O_APPEND then places whole.
  static let lineLimit = 65536

  init(spool: SpoolDirectory) { self.spool = spool }

  /// As its readers see it.
  public struct Line: Codable, Sendable {
    public var time: String
    public var tool: String
    public var event: String
    public var queue: String?
    public var id: String?
    public var detail: String?
    /// Whose entry it is, where that is not the spool's owner.
    public var from: String?
  }

  /// - Parameter sender: whose entry it is, where that is not the spool's owner (`Header.sender`).
  public func write(
    _ event: String, queue: String? = nil, id: EntryID? = nil, detail: String? = nil, from sender: String? = nil
  ) {
    write(event, queue: queue, ids: [id], detail: detail, from: sender)
  }

  /// A line for each ID, in as few writes as they fit into.
  func write(_ event: String, queue: String?, ids: [EntryID?], detail: String? = nil, from sender: String? = nil) {
    let now = Kernel.now().rfc3339
    let today = String(now.prefix(10))
    do {
      if today != day || file == nil {
        file = try spool.directory("journal").openOrCreate(today + ".jsonl", append: true)
        day = today
      }
    } catch {
      file = nil
      return
    }
    var lines: [UInt8] = []
    for id in ids {
      let line = line(at: now, event, queue: queue, id: id, detail: detail, from: sender)
      if lines.count + line.count > Self.lineLimit {
        append(lines)
        lines = []
      }
      if line.count < Self.lineLimit { lines += line }
    }
    append(lines)
  }

  private func append(_ lines: [UInt8]) {
    guard let file, !lines.isEmpty else { return }
    // Behind what was written by half a line begins anew.
    let bytes = (wroteShort ? [10] : []) + lines
    wroteShort = false
    let written = bytes.withUnsafeBytes { buffer in (try? Kernel.write(file.descriptor, buffer)) ?? 0 }
    wroteShort = written < bytes.count && written > 0
  }

  /// Keys in the order of the alphabet, as `JSONLine` has them. By hand: it is made for each step of each entry, and an encoder
  /// takes longer than all else that is done for it in user space (docs/benchmarks.md).
  private func line(
    at time: String, _ event: String, queue: String?, id: EntryID?, detail: String?, from sender: String?
  ) -> [UInt8] {
    var line: [UInt8] = []
    line.reserveCapacity(256)
    func put(_ key: String, _ value: String?) {
      guard let value else { return }
      line.append(UInt8(ascii: line.isEmpty ? "{" : ","))
      line += "\"\(key)\":\"".utf8
      for byte in value.utf8 {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): line += [UInt8(ascii: "\\"), byte]
        case 8: line += "\\b".utf8
        case 9: line += "\\t".utf8
        case 10: line += "\\n".utf8
        case 12: line += "\\f".utf8
        case 13: line += "\\r".utf8
        case 0..<32: line += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
        default: line.append(byte)
        }
      }
      line.append(UInt8(ascii: "\""))
    }
    put("detail", detail.map { String($0.prefix(1000)) })
    put("event", event)
    put("from", sender.map { String($0.prefix(100)) })
    put("id", id?.description)
    put("queue", queue)
    put("time", time)
    put("tool", spool.tool)
    line += "}\n".utf8
    return line
  }
}

extension Header {
  /// Whose entry it is, where that is not the spool's owner: a user who was admitted, a client of the door, who has answered
  /// over a channel. What the directory or a tool has vouched for counts before what the entry says of itself.
  public var sender: String? {
    guard let from = self["From"] else { return nil }
    return self["Via"] != nil || from.hasPrefix("user ") ? from : self["Sender"]
  }
}

/// One JSON object on one line, keys in a fixed order.
public enum JSONLine {
  public static func encode(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  public static func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
    try JSONDecoder().decode(type, from: Data(text.utf8))
  }
}
