import Glibc
import Spool

/// Where sessions of one program lie, and whose they are.
public struct Source: Sendable {
  var format: any TranscriptFormat.Type
  /// A directory, or one file.
  public var path: String
  /// Nil: the program's own name stands for it.
  var givenAgent: String?
  /// Whether a person has named it: then it must be there.
  var isNamed = false

  public var agent: String { givenAgent ?? format.name }

  /// Whether a file of this path is one of its.
  public func holds(_ file: String) -> Bool { file == path || file.hasPrefix(path + "/") }

  init(format: any TranscriptFormat.Type, path: String, agent: String?) {
    self.format = format
    self.path = path
    givenAgent = agent
  }

  /// `FORMAT:DIR[@AGENT]`.
  public init(parsing text: String, in workingDirectory: String) throws(Failure) {
    let names = TranscriptFormats.all.map { $0.name }.joined(separator: ", ")
    guard let colon = text.firstIndex(of: ":"), let format = TranscriptFormats.named(text[..<colon]) else {
      throw Failure(
        .usage, "--source \(text)", "is no FORMAT:DIR[@AGENT]",
        do: "begin it with one of \(names), and a colon")
    }
    var path = String(text[text.index(after: colon)...])
    var agent: String?
    if let at = path.lastIndex(of: "@") {
      let name = path[path.index(after: at)...]
      // A directory may have an @ in its name; an agent's has no slash.
      if !name.isEmpty && !name.contains("/") {
        agent = String(name)
        path = String(path[..<at])
      }
    }
    guard !path.isEmpty else {
      throw Failure(.usage, "--source \(text)", "names no directory", do: "write it as \(format.name):DIR")
    }
    if !path.hasPrefix("/") { path = workingDirectory + "/" + path }
    // A file has one name, however its directory was named.
    let parts = path.split(separator: "/").filter { $0 != "." }
    path = "/" + parts.joined(separator: "/")
    // What .. leads to, only the file system knows.
    if parts.contains(".."), let real = realpath(path, nil) {
      path = String(cString: real)
      free(real)
    }
    self.init(format: format, path: path, agent: agent)
    isNamed = true
  }

  /// Where the programs keep their sessions, and our agents theirs.
  public static func defaults(_ environment: SourceEnvironment) -> [Source] {
    var seen: Set<String> = []
    // What an agent has for itself is its own, also where the program's default is the same directory.
    let all = TranscriptFormats.all.flatMap { $0.defaultSources(environment) }
    return (all.filter { $0.givenAgent != nil } + all.filter { $0.givenAgent == nil }).filter {
      seen.insert($0.path).inserted
    }
  }
}

/// What the default sources are looked up in.
public struct SourceEnvironment {
  private let variables: [String: String]
  /// Agents that have a login and a directory of their own.
  let configDirectories: [(String?, String?)]

  public init(_ variables: [String: String], configDirectories: [(directory: String, agent: String)]) {
    self.variables = variables
    self.configDirectories = configDirectories.map { ($0.directory, $0.agent) }
  }

  subscript(name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }

  func home(_ path: String) -> String? { self["HOME"].map { $0 + path } }

  /// The names of the directories there; none where it is missing.
  func directories(in path: String) -> [String] {
    guard let directory = try? Directory(path: path), let names = try? directory.names() else { return [] }
    return names.sorted().filter { (try? directory.status($0))??.isDirectory == true }
  }
}
