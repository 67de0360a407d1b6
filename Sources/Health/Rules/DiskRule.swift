import Spool

/// The disk fills: below the limit nothing new is accepted, and twice that is the time to see to it.
enum DiskRule: Rule {
  static let name = "disk"

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    let space: FileSystemSpace
    do { space = try Kernel.space(look.spool.root.file.descriptor) } catch {
      throw Failure(error, look.spool.path, "ask for free space of")
    }
    return signals(space, of: look.spool.path)
  }

  static func signals(_ space: FileSystemSpace, of path: String) -> [Signal] {
    guard space.isNearlyFull(by: 2) else { return [] }
    let free =
      "\(space.freeBytes >> 20) MiB" + (space.totalInodes > 0 ? " and \(space.freeInodes) inodes" : "") + " are free"
    let advice =
      "free some space: df -h \(path.shellQuoted) shows the disk; du -xh \(path.shellQuoted) | sort -h | tail"
    return [
      space.isNearlyFull
        ? Signal(self, "full", "the disk of \(path) is nearly full (\(free)): nothing new is accepted", do: advice)
        : Signal(
          self, "low",
          "the disk of \(path) is filling up (\(free); below \(space.leastFreeBytes >> 20) MiB or 1 % of the "
            + "inodes nothing new is accepted)", do: advice)
    ]
  }
}
