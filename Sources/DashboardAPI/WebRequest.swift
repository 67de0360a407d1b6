import Spool

/// What a browser or a program asks, as it came: nobody has looked yet at whether it may.
public struct WebRequest: Sendable {
  public var method: String
  /// Without the query; nothing in it is decoded, for no path of ours needs it.
  public var path: String
  public var query: [String: String]
  public var fields: [(name: String, value: String)]
  public var body: [UInt8] = []
  /// The other end's port, by which the kernel knows whose process it is.
  public var port: Int

  /// - Parameter target: as it stands in the request's first line.
  public init(method: String, target: String, fields: [(name: String, value: String)], port: Int) {
    self.method = method
    self.fields = fields
    self.port = port
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    path = String(parts.first ?? "")
    query = [:]
    for pair in parts.count > 1 ? parts[1].split(separator: "&") : [] {
      let words = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(Self.decoded)
      query[words[0]] = words.count > 1 ? words[1] : ""
    }
  }

  /// All values of a header field, in their order.
  public subscript(name: String) -> [String] {
    fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
  }

  /// The values of the cookies of this name: others on this machine can set some of the same name, for another path.
  func cookies(_ name: String) -> [String] {
    self["Cookie"].flatMap { $0.split(separator: ";") }.compactMap { pair in
      let words = pair.trimmed.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return words.count == 2 && words[0] == name ? String(words[1]) : nil
    }
  }

  /// Without its %XX.
  private static func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Substring(text).utf8
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%"), let value = UInt8(String(rest.prefix(2)) ?? "", radix: 16) else {
        bytes.append(byte == UInt8(ascii: "+") ? 32 : byte)
        continue
      }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
