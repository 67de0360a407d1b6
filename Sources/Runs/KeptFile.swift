import Glibc
import Spool

/// A file as it was when a run began: a prompt, say. Kept once under its hash in `runs/kept/`, for all runs that name it.
public struct KeptFile: Hashable, Sendable {
  public var path: String
  public var hash: String
  /// By `--keep`: every command gets it as it was, not `claude-call` alone.
  public var isForAll: Bool

  public init(path: String, hash: String, isForAll: Bool = false) {
    self.path = path
    self.hash = hash
    self.isForAll = isForAll
  }

  /// Longer ones are data, not prompts: who wants them kept makes a step of it.
  private static let sizeLimit = 1 << 20
  /// A script that names more files than this is no pipeline of prompts.
  private static let countLimit = 500

  static func directory(in queue: Queue, making: Bool) throws(Failure) -> Directory {
    making ? try Directory.making("kept", in: queue.directory) : try Directory("kept", in: queue.directory)
  }

  /// The files that a script names to `claude-call`: words behind it on its line that are a path, from the working directory, or behind a
  /// `$variable/` from where the script lies.
  ///
  /// The words are read without understanding the shell: what is kept in vain costs some bytes, and what a script names through
  /// variables alone has `--keep`.
  static func candidates(in script: [UInt8], lyingIn home: String, directory: String) -> [String] {
    let separators = Set(" \t\n\"'`()<>|&;={}".utf8)
    var found: [String] = []
    var seen: Set<String> = []
    for word in words(behind: Array("claude-call".utf8), in: script).flatMap({ $0.split { separators.contains($0) } }) {
      guard word.count < 4096, word.contains(UInt8(ascii: "/")) || word.contains(UInt8(ascii: ".")),
        let text = String(validating: word, as: UTF8.self)
      else { continue }
      var paths: [String] = []
      if text.hasPrefix("$") || text.hasPrefix("/") {
        if text.hasPrefix("/") { paths.append(text) }
        if let slash = text.firstIndex(of: "/") { paths.append(home + text[slash...]) }
      } else {
        paths.append(directory + "/" + text)
      }
      for path in paths where !path.contains("$") && seen.insert(path).inserted { found.append(path) }
    }
    return found
  }

  /// The rest of each line in which a word occurs; a line that ends in a backslash goes on.
  private static func words(behind word: [UInt8], in script: [UInt8]) -> [ArraySlice<UInt8>] {
    var found: [ArraySlice<UInt8>] = []
    var isInside = false
    for line in script.split(separator: 10, omittingEmptySubsequences: false) {
      var rest = line
      if !isInside {
        guard let place = line.ranges(of: word).first else { continue }
        rest = line[place.upperBound...]
      }
      found.append(rest)
      isInside = line.last == UInt8(ascii: "\\")
    }
    return found
  }

  /// Keeps what can be kept of these files, durably; what is no regular file, or too long, is left out.
  static func keep(_ paths: [String], isForAll: Bool, in queue: Queue) throws(Failure) -> [KeptFile] {
    var kept: [KeptFile] = []
    for path in paths where kept.count < countLimit {
      guard let bytes = read(path) else { continue }
      let hash = sha256(bytes)
      let directory = try directory(in: queue, making: true)
      // What is there is as young as a new one: who removes old ones leaves it alone until the run that names it is published.
      if let file = try directory.open(hash) {
        try file.setModified(.now)
      } else {
        try directory.replace(hash, with: bytes, mode: 0o440)
      }
      kept.append(KeptFile(path: path, hash: hash, isForAll: isForAll))
    }
    return kept
  }

  /// What `--keep` names: a file, or the files of a directory.
  static func named(_ path: String, from directory: String) throws(Failure) -> [String] {
    let whole = path.hasPrefix("/") ? path : directory + "/" + path
    if read(whole) != nil { return [whole] }
    let names: [String]
    do { names = try Directory.following(path: whole).names().sorted() } catch {
      throw Failure(
        .malformed, "--keep \(path)", "is no directory, and no file of at most \(sizeLimit >> 20) MiB",
        do: "check the name")
    }
    return names.map { whole + "/" + $0 }
  }

  private static func read(_ path: String) -> [UInt8]? {
    guard let descriptor = try? Kernel.open(path, in: nil, O_RDONLY | O_NONBLOCK) else { return nil }
    let file = File(descriptor, path: path)
    guard let status = try? file.status(), status.isRegular, status.size <= sizeLimit,
      let bytes = try? file.readAll(limit: sizeLimit)
    else { return nil }
    return bytes
  }

  /// Whether the file is still what it was.
  var isUnchanged: Bool { Self.read(path).map { sha256($0) == hash } ?? false }
}

/// Of a run, for its steps: `state/RUN/kept`, a line `SHA256 PATH` for each, with a star before the paths of `--keep`.
///
/// What only reads gets a file as it was; a step that writes what the script names must find what it has written. Of `claude-call` it is
/// known that it only reads; of other commands `--keep` says so.
struct KeptList {
  static let fileName = "kept"
  private var hashes: [String: (hash: String, isForAll: Bool)] = [:]
  private let directory: String

  /// - Returns: nil where the run keeps none.
  init?(of state: RunState) throws(Failure) {
    guard let file = try state.directory.open(Self.fileName), let bytes = try file.readAll(limit: 16 << 20) else {
      return nil
    }
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where line.count > 65 {
      let isForAll = line.dropFirst(64).first == "*"
      hashes[String(line.dropFirst(65))] = (String(line.prefix(64)), isForAll)
    }
    directory = state.queue.directory.path + "/kept"
  }

  static func write(_ kept: [KeptFile], to state: RunState) throws(Failure) {
    if kept.isEmpty { return }
    try state.directory.replace(
      fileName, with: Array(kept.map { "\($0.hash)\($0.isForAll ? "*" : " ")\($0.path)\n" }.joined().utf8))
  }

  /// Where the file that an argument names lies as it was when the run began; nil where it still is what it was, or is none.
  /// - Parameter isRead: whether the command is known only to read it.
  func version(of argument: String, from working: String, isRead: Bool) throws(Failure) -> String? {
    let path = argument.hasPrefix("/") ? argument : working + "/" + argument
    guard let (hash, isForAll) = hashes[path], isRead || isForAll, !KeptFile(path: path, hash: hash).isUnchanged else {
      return nil
    }
    let version = directory + "/" + hash
    guard KeptFile(path: version, hash: hash).isUnchanged else {
      throw Failure(
        .unavailable, argument, "has changed since the run began, and what was kept of it has too (\(version))",
        do: "bring the file back as it was")
    }
    return version
  }
}
