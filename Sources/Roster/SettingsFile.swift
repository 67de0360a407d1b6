import Spool

/// A file that a person wrote: header lines, and perhaps a blank line and a body. Same format as an entry's
/// header, read kindly: CRLF, a byte order mark, comments (#) and `---` fences are accepted. What is not
/// understood is refused with file, line, and what to write.
public struct SettingsFile: Sendable {
  public var path: String
  public var header: Header
  public var body: String

  /// - Parameter hasBody: whether a blank line ends the header; else every line is a header line.
  init(path: String, bytes: [UInt8], hasBody: Bool) throws(Failure) {
    self.path = path
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure(.configuration, path, "is not UTF-8", do: "save it as UTF-8")
    }
    let plain = (text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text)
      .replacing("\r\n", with: "\n")
    var lines = plain.split(separator: "\n", omittingEmptySubsequences: false)[...]
    var header = Header()
    var number = 0
    var isFenced = false
    var body: [Substring] = []
    while let line = lines.popFirst() {
      number += 1
      let trimmed = line.trimmed
      if number == 1 && trimmed == "---" {
        isFenced = true
        continue
      }
      if isFenced && trimmed == "---" {
        if lines.first?.trimmed == "" { lines.removeFirst() }
        body = Array(lines)
        break
      }
      if trimmed.isEmpty {
        if hasBody && !isFenced && !header.lines.isEmpty {
          body = Array(lines)
          break
        }
        continue
      }
      if trimmed.hasPrefix("#") { continue }
      if trimmed.hasPrefix("- ") {
        throw Self.refusal(path, number, line, "write a list on one line, with commas: Name: a, b")
      }
      if line.first == " " || line.first == "\t" {
        throw Self.refusal(path, number, line, "write each value on one line, without indentation")
      }
      do { try header.append(line: line, number: number) } catch {
        throw Self.refusal(path, number, line, "write \(error.expected)")
      }
    }
    self.header = header
    self.body = body.joined(separator: "\n")
  }

  package static func refusal(_ path: String, _ number: Int, _ line: some StringProtocol, _ advice: String) -> Failure {
    Failure(.configuration, "\(path):\(number)", "not understood: \"\(line.prefix(80))\"", do: advice)
  }

  /// Reads `DIRECTORY/NAME`; nil where there is none.
  package static func read(_ name: String, in directory: Directory, hasBody: Bool) throws(Failure) -> SettingsFile? {
    guard let file = try directory.open(name) else { return nil }
    let path = "\(directory.path)/\(name)"
    guard try file.status().isRegular else { throw Failure(.configuration, path, "is no regular file") }
    guard let bytes = try file.readAll(limit: 1 << 20) else {
      throw Failure(.configuration, path, "is longer than 1 MiB")
    }
    return try SettingsFile(path: path, bytes: bytes, hasBody: hasBody)
  }

  /// A value, without the quotes that YAML writers put around it.
  package func value(_ name: String) -> String? {
    guard let value = header[name] else { return nil }
    for quote in ["\"", "'"] where value.count >= 2 && value.hasPrefix(quote) && value.hasSuffix(quote) {
      return String(value.dropFirst().dropLast())
    }
    return value
  }

  /// Refuses what is not among these names, with the nearest one.
  package func allow(_ names: [String]) throws(Failure) {
    for line in header.lines where !names.contains(where: { $0.lowercased() == line.name.lowercased() }) {
      throw Self.refusal(path, line.number, "\(line.name):", "use one of \(names.joined(separator: ", "))")
    }
  }

  /// A value that must have a form.
  package func parse<Value>(_ name: String, _ expected: String, _ form: (String) -> Value?) throws(Failure) -> Value? {
    guard let text = value(name), !text.isEmpty else { return nil }
    guard let value = form(text) else {
      throw Self.refusal(path, header.line(name)!.number, "\(name): \(text)", "write \(expected)")
    }
    return value
  }

  package func list(_ name: String) -> [String] {
    (value(name) ?? "").split(separator: ",").map { String($0.trimmed) }.filter { !$0.isEmpty }
  }
}
