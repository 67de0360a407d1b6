import Spool

/// `README` in each directory of a spool: what lies there, and what a person may do by hand. It comes with the directory, and is
/// never overwritten; nobody but people reads it, so that it is not flushed, and stops nothing where it cannot be written.
public enum Readmes {
  /// Beside the skeleton, one for each directory; and one for queues of the same kind.
  private static let place = (installed: "share/spindle/spool", source: "spool")

  public static func put(_ name: String, _ directory: Directory) {
    do throws(Failure) {
      // An empty one was left by who was killed before its first word.
      if let status = try directory.status(SpoolDirectory.readme), !status.isRegular || status.size > 0 { return }
      // The last room is for what has to be told.
      if (try? Kernel.space(directory.file.descriptor))?.isNearlyFull != false { return }
      let isQueue = try directory.contains(Room.new.rawValue)
      guard let bytes = text(kind(name)) ?? (isQueue ? text("queue") : nil) else { return }
      try directory.openOrCreate(SpoolDirectory.readme).write(bytes)
    } catch {}
  }

  private static func kind(_ name: String) -> String {
    if name.hasPrefix("calls-") { return "calls" }
    return name.hasPrefix("inbox-") ? "inbox" : name
  }

  /// In a spool that is older than they are, and where a tool without them has made a directory.
  public static func putMissing(in spool: SpoolDirectory) throws(Failure) {
    let names = try SpoolDirectory.otherDirectories.sorted() + spool.queueNames()
    for name in names where try spool.root.status(name)?.isDirectory == true {
      put(name, try Directory(name, in: spool.root))
    }
  }

  private static func text(_ kind: String) -> [UInt8]? {
    let name = "/\(kind)/\(SpoolDirectory.readme)"
    guard let path = try? Installation.find(place.installed + name, inSource: place.source + name),
      let slash = path.lastIndex(of: "/"), let directory = try? Directory.following(path: String(path[..<slash]))
    else { return nil }
    return try? directory.open(SpoolDirectory.readme)?.readAll(limit: 65536)
  }
}
