import Spool

/// Whether the machine has just been asleep or off, or the clock has jumped: then every sign of life is old, and nobody is dead.
/// `health/awake` says since when it is awake.
public enum Awakening {
  /// Whoever stays gives a sign once a minute.
  static let patience = Duration.seconds(180)
  private static let fileName = "awake"

  /// - Parameter afterGap: the minute's round was not made for some minutes.
  /// - Returns: whether signs of life are not to be judged yet.
  public static func isRecent(_ spool: SpoolDirectory, afterGap: Bool = false, at now: Timestamp = .now) -> Bool {
    // Where this cannot be told, or noted, it is judged.
    (try? look(spool, afterGap, now)) ?? false
  }

  private static func look(_ spool: SpoolDirectory, _ afterGap: Bool, _ now: Timestamp) throws(Failure) -> Bool {
    let directory = try spool.directory("health")
    let current = try state()
    let file = try directory.open(fileName)
    let words = String(decoding: try file?.readAll(limit: 4096) ?? [], as: UTF8.self)
      .split(whereSeparator: \.isWhitespace)
    let isKnown =
      words.count == 2 && words[0] == current.boot && Int64(words[1]).map { abs($0 - current.slept) < 30 } == true
    if isKnown && !afterGap {
      let age = try now - file!.status().modified
      return age >= .zero && age < patience
    }
    // A spool that was never looked at before: nobody in it has slept.
    let isFirst = words.isEmpty && !afterGap
    try directory.replace(
      fileName, with: Array("\(current.boot) \(current.slept)\n".utf8), modified: isFirst ? now - patience : now)
    return !isFirst
  }

  private static func state() throws(Failure) -> (boot: String, slept: Int64) {
    let path = "/proc/sys/kernel/random/boot_id"
    let boot: [UInt8]?
    do { boot = try File(try Kernel.open(path, in: nil, 0), path: path).readAll(limit: 4096) } catch {
      throw (error as? Failure) ?? Failure(.io, path, "cannot be read")
    }
    return (String(decoding: boot ?? [], as: UTF8.self).filter { !$0.isWhitespace }, Kernel.slept() / 1_000_000_000)
  }
}
