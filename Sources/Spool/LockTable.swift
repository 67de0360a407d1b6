import Glibc

/// Who holds which locks, read from the kernel without touching one: tools that only look never flock.
public struct LockTable: Sendable {
  private let held: Set<UInt64>

  /// Reads `/proc/locks`.
  public init() {
    var inodes: Set<UInt64> = []
    for line in Self.lines("/proc/locks") {
      // 1: FLOCK  ADVISORY  WRITE 4711 fe:00:131073 0 EOF
      let parts = line.split(separator: " ", omittingEmptySubsequences: true)
      guard parts.count > 5, parts[1] == "FLOCK",
        let inode = parts[5].split(separator: ":").last.flatMap({ UInt64($0) })
      else { continue }
      inodes.insert(inode)
    }
    held = inodes
  }

  package func isHeld(_ status: FileStatus) -> Bool { held.contains(status.inode) }

  /// The processes that have the file open with its lock, as `PID (name)`.
  static func holders(of status: FileStatus) -> [String] {
    guard let processes = try? Directory.following(path: "/proc").names() else { return [] }
    return processes.compactMap { Int32($0) }.sorted().filter { isHeld(status, by: $0) }.map { process in
      "\(process) (\(lines("/proc/\(process)/comm").first ?? "?"))"
    }
  }

  /// Whether this process has the file open with its lock.
  package static func isHeld(_ status: FileStatus, by process: Int32) -> Bool {
    guard let descriptors = try? Directory.following(path: "/proc/\(process)/fdinfo").names() else { return false }
    return descriptors.contains { descriptor in
      lines("/proc/\(process)/fdinfo/\(descriptor)").contains { line in
        line.hasPrefix("lock:") && line.contains("FLOCK") && line.contains(":\(status.inode) ")
      }
    }
  }

  private static func lines(_ path: String) -> [Substring] {
    guard let descriptor = try? Kernel.open(path, in: nil, O_RDONLY),
      let bytes = try? File(descriptor, path: path).readAll(limit: 16 << 20)
    else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }
}
