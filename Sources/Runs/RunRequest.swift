import FoundationEssentials
import Spool

/// What is to be run, and all that a later pass needs to run it as the first one did: an entry in `runs/`, whose body is the
/// script. A changed or deleted script, another working directory or cron's bare environment make no difference to it.
public struct RunRequest: Sendable {
  public static let queueName = "runs"

  public var name: String
  /// Where the script lay: its `$0`.
  public var script: String
  public var text: [UInt8]
  public var arguments: [String]
  public var directory: String
  public var umask: UInt32
  public var environment: [String: String]
  /// When the whole run is to be over, whatever it waited for.
  public var deadline: Timestamp?
  /// So many of its steps at once; nil: as many as the script starts.
  public var maxParallel: Int?
  public var kept: [KeptFile] = []

  public init(
    name: String, script: String, text: [UInt8], arguments: [String], directory: String, umask: UInt32,
    environment: [String: String]
  ) throws(Failure) {
    let isName = name.utf8.allSatisfy { $0 > 32 && $0 != 127 && $0 != UInt8(ascii: "/") }
    guard isName, (1...64).contains(name.utf8.count), name.printable == name else {
      throw Failure(
        .usage, "--name \(name)", "is no name for a run", do: "use 1 to 64 characters, without blanks and slashes")
    }
    self.name = name
    self.script = script
    self.text = text
    self.arguments = arguments
    self.directory = directory
    self.umask = umask
    self.environment = environment
  }

  /// What a pass gets of our environment, if it is set here; and what `--env` names.
  public static let inherited = ["PATH", "HOME", "LANG"]

  func draft() throws(Failure) -> Draft {
    var header = Header([
      "From": "pipeline-run", "Subject": name, "Script": script, "Directory": directory,
      "Umask": String(umask, radix: 8), "Deadline": deadline?.rfc3339, "Max-Parallel": maxParallel.map(String.init),
      "Arguments": Self.json(arguments), "Environment": Self.json(environment),
      "Keep": kept.isEmpty
        ? nil : Self.json(Dictionary(kept.map { ($0.path, $0.hash + ($0.isForAll ? "*" : "")) }) { first, _ in first }),
    ])
    // A name that cannot stand in one line would come back as another.
    for path in [script, directory] where path.printable != path {
      throw Failure(.malformed, path, "its name has control characters in it", do: "rename it")
    }
    if header["Arguments"] == nil { header["Arguments"] = "[]" }
    return Draft(slug: EntryID.slug(from: name), header: header, body: text)
  }

  /// - Throws: what is wrong with an entry that somebody else has published.
  public init(_ entry: Entry) throws(MalformedText) {
    func value(_ name: String) throws(MalformedText) -> String {
      guard let value = entry.header[name] else {
        throw MalformedText(
          line: 1, found: nil, expected: "a header \(name): spool put makes no run, pipeline-run does")
      }
      return value
    }
    func bad(_ name: String, _ expected: String) -> MalformedText {
      MalformedText(line: entry.header.line(name)?.number ?? 1, found: entry.header[name], expected: expected)
    }
    func decoded<Value: Decodable>(_ name: String, as type: Value.Type, _ expected: String) throws(MalformedText)
      -> Value
    {
      let text = try value(name)
      do { return try JSONDecoder().decode(type, from: Data(text.utf8)) } catch { throw bad(name, expected) }
    }
    name = try value("Subject")
    script = try value("Script")
    directory = try value("Directory")
    guard let mask = UInt32(try value("Umask"), radix: 8), mask <= 0o777 else {
      throw bad("Umask", "three octal digits")
    }
    umask = mask
    arguments = try decoded("Arguments", as: [String].self, "a JSON list of words")
    environment = try decoded("Environment", as: [String: String].self, "a JSON object of words")
    if entry.header["Keep"] != nil {
      kept = try decoded("Keep", as: [String: String].self, "a JSON object of paths and SHA-256").map {
        KeptFile(path: $0.key, hash: String($0.value.prefix(64)), isForAll: $0.value.hasSuffix("*"))
      }.sorted { $0.path < $1.path }
    }
    if let word = entry.header["Deadline"] {
      guard let time = Timestamp(rfc3339: word) else { throw bad("Deadline", "a time such as 2026-11-23T17:20:44Z") }
      deadline = time
    }
    if let word = entry.header["Max-Parallel"] {
      guard let number = Int(word), number >= 1 else { throw bad("Max-Parallel", "a number from 1") }
      maxParallel = number
    }
    text = entry.body
  }

  private static func json(_ value: some Encodable) -> String? { try? JSONLine.encode(value) }
}
