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

  public struct Line: Codable, Sendable {
    public var time: String
    public var tool: String
    public var event: String
    public var queue: String?
    public var id: String?
    public var detail: String?
  }

  public func write(_ event: String, queue: String? = nil, id: EntryID? = nil, detail: String? = nil) {
    let now = Kernel.now()
    let line = Line(
      time: now.rfc3339, tool: spool.tool, event: event, queue: queue, id: id?.description,
      detail: detail.map { String($0.prefix(1000)) })
    do {
      let today = String(now.rfc3339.prefix(10))
      if today != day || file == nil {
        file = try spool.directory("journal").openOrCreate(today + ".jsonl", append: true)
        day = today
      }
      guard let file, let json = try? JSONLine.encode(line) else { return }
      let bytes = Array(((wroteShort ? "\n" : "") + json + "\n").utf8)
      guard bytes.count <= Self.lineLimit else { return }
      wroteShort = false
      let written = bytes.withUnsafeBytes { buffer in (try? Kernel.write(file.descriptor, buffer)) ?? 0 }
      wroteShort = written < bytes.count && written > 0
    } catch { file = nil }
  }
}

/// One JSON object on one line, keys in a fixed order.
public enum JSONLine {
  public static func encode(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
