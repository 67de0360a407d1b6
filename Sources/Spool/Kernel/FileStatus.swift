import Glibc

/// What `stat` says of a file, as far as the protocol asks.
package struct FileStatus {
  package var device: UInt64
  package var inode: UInt64
  package var mode: mode_t
  package var links: UInt64
  package var owner: uid_t
  package var size: Int
  package var modified: Timestamp
  package var changed: Timestamp

  package init(
    device: UInt64 = 0, inode: UInt64, mode: mode_t, links: UInt64, owner: uid_t, size: Int, modified: Timestamp,
    changed: Timestamp
  ) {
    self.device = device
    self.inode = inode
    self.mode = mode
    self.links = links
    self.owner = owner
    self.size = size
    self.modified = modified
    self.changed = changed
  }

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    mode = status.st_mode
    links = UInt64(status.st_nlink)
    owner = status.st_uid
    size = Int(status.st_size)
    modified = Timestamp(status.st_mtim)
    changed = Timestamp(status.st_ctim)
  }

  /// As the kernel packs them into a 64-bit number (makedev(3)).
  package var deviceMajor: UInt32 { UInt32(truncatingIfNeeded: (device >> 8) & 0xFFF | (device >> 32) & 0xFFFF_F000) }
  package var deviceMinor: UInt32 { UInt32(truncatingIfNeeded: device & 0xFF | (device >> 12) & 0xFFFF_FF00) }

  package var isRegular: Bool { mode & S_IFMT == S_IFREG }
  package var isPipe: Bool { mode & S_IFMT == S_IFIFO }
  package var isDirectory: Bool { mode & S_IFMT == S_IFDIR }

  /// What a person calls this kind of file.
  package var kind: String {
    switch mode & S_IFMT {
    case S_IFREG: "file"
    case S_IFDIR: "directory"
    case S_IFLNK: "symbolic link"
    case S_IFIFO: "FIFO"
    case S_IFSOCK: "socket"
    default: "device"
    }
  }

  package func isSameFile(as other: FileStatus) -> Bool { inode == other.inode && device == other.device }
}

/// The numbers of file systems, from linux/magic.h and statfs(2).
enum FileSystemType {
  static let ext4 = 0xEF53
  static let xfs = 0x5846_5342
  static let btrfs = 0x9123_683E
  static let tmpfs = 0x0102_1994
  static let nfs = 0x6969
  static let overlayfs = 0x794C_7630
}

/// What `statvfs` says of a file system.
package struct FileSystemSpace {
  package var totalBytes: UInt64
  package var freeBytes: UInt64
  package var totalInodes: UInt64
  package var freeInodes: UInt64

  package init(totalBytes: UInt64, freeBytes: UInt64, totalInodes: UInt64, freeInodes: UInt64) {
    self.totalBytes = totalBytes
    self.freeBytes = freeBytes
    self.totalInodes = totalInodes
    self.freeInodes = freeInodes
  }

  package init(_ status: statvfs) {
    totalBytes = UInt64(status.f_blocks) * UInt64(status.f_frsize)
    freeBytes = UInt64(status.f_bavail) * UInt64(status.f_frsize)
    totalInodes = UInt64(status.f_files)
    freeInodes = UInt64(status.f_favail)
  }

  /// Where intake is refused.
  package var isNearlyFull: Bool { isNearlyFull(by: 1) }

  /// Under min(5 %, 512 MB) of free space, or 1 % of the inodes (no total means that there is no limit); or under so many times that.
  package func isNearlyFull(by factor: UInt64) -> Bool {
    freeBytes < leastFreeBytes * factor || (totalInodes > 0 && freeInodes < totalInodes / 100 * factor)
  }

  package var leastFreeBytes: UInt64 { min(totalBytes / 20, 512_000_000) }
}
