import CommandLine
import Glibc
import Memory
import Spool

/// Standard input, a line at a time, each answered before the next is read.
struct Lines {
  /// What an answer may wait for: a line that is longer is refused with all that follows.
  private static let longest = 8 << 20
  private var buffer: [UInt8] = []
  private var searched = 0
  private(set) var number = 0

  /// - Returns: nil at the end.
  mutating func next() throws(Failure) -> [UInt8]? {
    while true {
      if let newline = buffer[searched...].firstIndex(of: 10) { return take(newline, through: newline + 1) }
      searched = buffer.count
      var chunk = [UInt8](repeating: 0, count: 65536)
      let result = chunk.withUnsafeMutableBytes { bytes in
        Result { () throws(Failure) in try File.standardInput.read(into: bytes) }
      }
      let room = try result.get()
      if room == 0 { return buffer.isEmpty ? nil : take(buffer.count, through: buffer.count) }
      buffer += chunk[..<room]
      guard buffer.count <= Self.longest else {
        throw Failure(.malformed, "line \(number + 1)", "is longer than \(Self.longest >> 20) MiB")
      }
    }
  }

  private mutating func take(_ end: Int, through next: Int) -> [UInt8] {
    number += 1
    searched = 0
    defer { buffer.removeSubrange(..<next) }
    return Array(buffer[..<end])
  }

  static func isBlank(_ line: [UInt8]) -> Bool { line.allSatisfy { $0 == 32 || (9...13).contains($0) } }

  static func text(_ line: [UInt8]) throws(Failure) -> String {
    guard let text = String(validating: line, as: UTF8.self) else {
      throw Failure(.malformed, "the line", "is not UTF-8", do: "write it in UTF-8")
    }
    return text
  }
}

/// The answer to a line that was not done.
private struct BatchRefusal: Encodable {
  var line: Int
  var key: String?
  var error: String
  var version: Int?
}

/// `memory put --batch`.
struct BatchPut {
  let writer: MemoryWriter
  let scope: String
  let json: Bool

  private struct Line: Decodable {
    var key: String
    var value: String
    var scope: String?
    var ifVersion: Int?

    enum CodingKeys: String, CodingKey {
      case key, value, scope
      case ifVersion = "if_version"
    }
  }

  func run() throws {
    var lines = Lines()
    var worst: ExitStatus?
    while let bytes = try lines.next() {
      if Lines.isBlank(bytes) { continue }
      do {
        guard let line = try? JSONLine.decode(Line.self, Lines.text(bytes)) else {
          throw Failure(
            .malformed, "the line", "is no object in UTF-8 with key and value",
            do: #"write {"key": "a/b", "value": "..."}"#)
        }
        let key = try ItemKey(line.key, scope: line.scope ?? scope)
        let outcome = try writer.put(line.value, under: key, if: line.ifVersion)
        if case .mismatch(let current) = outcome {
          worst = worst ?? .no
          try refuse(BatchRefusal(line: lines.number, key: key.key, error: "conflict", version: current?.version ?? 0))
        } else if let version = writer.tell(outcome, of: key, line.value) {
          output(
            json
              ? try JSONLine.encode(Written(key: key.key, scope: key.scope, version: version))
              : "\(key.key)\t\(version)")
        }
      } catch let failure as Failure where [.malformed, .notAllowed, .usage].contains(failure.status) {
        // One line's fault; the others are written.
        complain("memory: line \(lines.number): \(failure.description.printable)")
        worst = failure.status
        if json { try refuse(BatchRefusal(line: lines.number, error: failure.description)) }
      }
    }
    if let worst { throw Exit(worst) }
  }

  private func refuse(_ refusal: BatchRefusal) throws {
    if json {
      output(try JSONLine.encode(refusal))
    } else if let version = refusal.version, let key = refusal.key {
      complain("memory: line \(refusal.line): \(key.printable): not written: version \(version) counts")
      output("\(key)\tconflict\t\(version)")
    }
  }
}

/// `memory get --batch`.
struct BatchGet {
  let store: MemoryStore
  let party: Party
  let scope: String

  private struct Missing: Encodable {
    var key: String
    var scope: String
    var version = 0
  }

  func run() throws {
    var lines = Lines()
    var worst: ExitStatus?
    while let bytes = try lines.next() {
      if Lines.isBlank(bytes) { continue }
      do {
        let key = try ItemKey(Lines.text(bytes), scope: scope)
        if let version = try store.get(key, by: party) {
          output(try JSONLine.encode(version))
        } else {
          output(try JSONLine.encode(Missing(key: key.key, scope: key.scope)))
        }
      } catch let failure as Failure where failure.status == .malformed {
        complain("memory: line \(lines.number): \(failure.description.printable)")
        worst = failure.status
        // Whoever waits for its answer gets one.
        output(try JSONLine.encode(BatchRefusal(line: lines.number, error: failure.description)))
      }
    }
    if let worst { throw Exit(worst) }
  }
}
