import Spool

/// The directory that `memory export --files` writes.
enum MemoryExport {
  /// - Returns: nil where nothing is exported.
  static func read(_ name: String, _ look: Look) throws(Failure) -> [UInt8]? {
    let directory: Directory
    do { directory = try Directory.following(path: look.memoryFiles) } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw error
    }
    guard let file = try directory.open(name) else { return nil }
    guard let bytes = try file.readAll(limit: 16 << 20) else {
      throw Failure(.malformed, "\(look.memoryFiles)/\(name)", "is longer than 16 MiB")
    }
    return bytes
  }
}
