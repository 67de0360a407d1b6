import Glibc

/// Who holds which locks, read from the kernel without touching one: tools that only look never flock.
public struct LockTable: Sendable {
  private let held: [UInt64: [Substring]]

  /// Reads `/proc/locks`.
  public init() {
    var places: [UInt64: [Substring]] = [:]
    for line in Self.lines("/proc/locks") {
      guard let place = Self.place(line), let inode = place.split(separator: ":").last.flatMap({ UInt64($0) }) else {
        continue
      }
      places[inode, default: []].append(place)
    }
    held = places
  }

  /// `MAJOR:MINOR:INODE`, the device in hexadecimal, of a lock that was taken with flock(2); nil for any other.
  private static func place(_ line: Substring) -> Substring? {
    // 1: FLOCK  ADVISORY  WRITE 4711 fe:00:131073 0 EOF
    let parts = line.split(separator: " ", omittingEmptySubsequences: true)
    guard let kind = parts.firstIndex(of: "FLOCK"), parts.count > kind + 4 else { return nil }
    return parts[kind + 4]
  }

  /// Two file systems may have an inode of one number. Of those without a device of their own (btrfs gives each subvolume another
  /// one) only that is known.
  private static func isPlace(_ place: Substring, of status: FileStatus) -> Bool {
    let parts = place.split(separator: ":")
    guard parts.count == 3, let major = UInt32(parts[0], radix: 16), let minor = UInt32(parts[1], radix: 16),
      UInt64(parts[2]) == status.inode
    else { return false }
    return status.deviceMajor == 0 ? major == 0 : (major, minor) == (status.deviceMajor, status.deviceMinor)
  }

  package func isHeld(_ status: FileStatus) -> Bool {
    held[status.inode]?.contains { Self.isPlace($0, of: status) } ?? false
  }

  /// The processes that have the file open with its lock, as `PID (name)`.
  package static func holders(of status: FileStatus) -> [String] {
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
        line.hasPrefix("lock:") && place(line).map { isPlace($0, of: status) } == true
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
