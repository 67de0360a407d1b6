import Glibc
import Spool

/// A token or key that lies in a file of its own, which nobody else may read. It is never in an argument, a log or the journal.
public enum Secret {
  /// Reads a secret's one line.
  /// - Throws: `.configuration` where the file is missing, empty or more than one line, `.notAllowed` where others may read it.
  public static func read(_ path: String) throws(Failure) -> String {
    let text = String(decoding: try bytes(path), as: UTF8.self)
    let lines = text.split(whereSeparator: \.isNewline).map { String($0.trimmed) }.filter { !$0.isEmpty }
    guard lines.count == 1 else {
      throw Failure(
        .configuration, path, "has \(lines.count) lines", do: "write the secret, and nothing else, on one line")
    }
    return lines[0]
  }

  /// Reads a secret of several header lines.
  public static func settings(_ path: String) throws(Failure) -> SettingsFile {
    try SettingsFile(path: path, bytes: bytes(path), hasBody: false)
  }

  private static func bytes(_ path: String) throws(Failure) -> [UInt8] {
    let file: File
    do { file = File(try Kernel.open(path, in: nil, O_RDONLY | O_NONBLOCK), path: path) } catch {
      var failure = Failure(error, path, "open the secret")
      if error == .noSuchFileOrDirectory { failure = Failure(.configuration, path, "does not exist") }
      throw failure
    }
    let status = try file.status()
    guard status.isRegular else { throw Failure(.configuration, path, "is a \(status.kind), not a regular file") }
    guard status.mode & 0o077 == 0 else {
      throw Failure(.notAllowed, path, "others may read it", do: "chmod 600 \(path.shellQuoted)")
    }
    guard let bytes = try file.readAll(limit: 65536) else {
      throw Failure(.configuration, path, "is longer than 64 KiB")
    }
    return bytes
  }
}
