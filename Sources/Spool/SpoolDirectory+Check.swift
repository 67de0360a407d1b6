import CLinux

extension SpoolDirectory {
  /// What the file system is called; "unknown (0x...)" where it is none of those that were tried.
  public var fileSystem: String {
    let type = clinux_file_system_type(root.descriptor.rawValue)
    switch type {
    case FileSystemType.ext4: return "ext4"
    case FileSystemType.xfs: return "xfs"
    case FileSystemType.btrfs: return "btrfs"
    case FileSystemType.tmpfs: return "tmpfs"
    case FileSystemType.nfs: return "nfs"
    case FileSystemType.overlayfs: return "overlayfs"
    default: return "an unknown file system (0x\(String(type, radix: 16)))"
    }
  }

  /// What the protocol assumes of the place, where it does not hold.
  public func checkAssumptions() throws(Failure) -> [Finding] {
    var findings: [Finding] = []
    let kind = fileSystem
    if kind == "tmpfs" {
      findings.append(Finding(path: path, problem: "tmpfs forgets everything at a reboot", remedy: []))
    } else if !["ext4", "xfs", "btrfs"].contains(kind) {
      findings.append(
        Finding(path: path, problem: "\(kind): the protocol was proved on ext4, xfs and btrfs only", remedy: []))
    }
    // Whom a gateway admits passes through, by name, and no more.
    if try root.file.status().mode & 0o066 != 0 {
      findings.append(
        Finding(path: path, problem: "others may look or write here", remedy: ["chmod 700 \(path.shellQuoted)"]))
    }
    return findings
  }
}
