import CLinux

extension SpoolDirectory {
  /// What the file system is called; "unknown (0x...)" where it is none of those that were tried.
  public var fileSystem: String {
    let type = clinux_file_system_type(root.descriptor.rawValue)
    // From linux/magic.h and statfs(2).
    switch type {
    case 0xEF53: return "ext4"
    case 0x5846_5342: return "xfs"
    case 0x9123_683E: return "btrfs"
    case 0x0102_1994: return "tmpfs"
    case 0x6969: return "nfs"
    case 0x794C_7630: return "overlayfs"
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
    if try root.file.status().mode & 0o077 != 0 {
      findings.append(
        Finding(path: path, problem: "others may look or write here", remedy: ["chmod 700 \(path.shellQuoted)"]))
    }
    return findings
  }
}
