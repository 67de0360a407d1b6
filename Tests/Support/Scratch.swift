import Foundation
import Glibc
import Spool

/// A directory that is made for one test and removed with it.
public final class Scratch: @unchecked Sendable {
  public let path: String

  public init() {
    var template = Array("\(NSTemporaryDirectory())/spindle-test-XXXXXX".utf8CString)
    path = String(cString: mkdtemp(&template))
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Every file below, relative, sorted, without the journal and the logs.
  public func tree(_ below: String = "spool") -> [String] {
    let root = "\(path)/\(below)"
    guard let walk = FileManager.default.enumerator(atPath: root) else { return [] }
    return walk.compactMap { $0 as? String }.filter { name in
      var status = stat()
      guard lstat("\(root)/\(name)", &status) == 0, status.st_mode & S_IFMT != S_IFDIR else { return false }
      return !name.hasPrefix("journal/") && !name.contains("/log/")
    }.sorted()
  }

  public func read(_ name: String) -> String {
    String(decoding: FileManager.default.contents(atPath: "\(path)/\(name)") ?? Data(), as: UTF8.self)
  }

  public func write(_ name: String, _ text: String, executable: Bool = false) {
    let file = "\(path)/\(name)"
    try? FileManager.default.createDirectory(
      atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    FileManager.default.createFile(
      atPath: file, contents: Data(text.utf8), attributes: [.posixPermissions: executable ? 0o755 : 0o644])
  }

  public func names(_ directory: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(directory)")) ?? []).sorted()
  }
}

/// What a spool said to its person, collected.
public final class Notices: @unchecked Sendable {
  public private(set) var lines: [String] = []
  public init() {}
  func add(_ line: String) { lines.append(line) }
}

extension Scratch {
  /// A spool in this directory, with what it says.
  public func spool(queues: [String] = ["q"]) throws -> (SpoolDirectory, Notices) {
    let notices = Notices()
    let spool = try SpoolDirectory(path: "\(path)/spool", tool: "test") { notices.add($0) }
    for queue in queues { _ = try spool.queue(queue, making: true) }
    return (spool, notices)
  }
}
