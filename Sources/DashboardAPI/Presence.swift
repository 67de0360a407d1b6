import Spool
import Work

/// That a dashboard is open for this spool: one at a time, and where it listens.
public struct Presence {
  private let file: File

  private static let name = ".dashboard.lock"

  /// - Throws: `.tryAgain` where there is one already.
  public init(_ spool: SpoolDirectory) throws(Failure) {
    file = try spool.directory("secrets").openOrCreate(Self.name)
    // Who asks where it listens has it for a moment.
    let patience = Deadline(after: .seconds(1))
    while try !file.tryLock() {
      guard patience.hasPassed else {
        Signals.wait(atMost: .milliseconds(20))
        continue
      }
      let place =
        try Self.port(in: spool).map { "it listens on http://127.0.0.1:\($0)/" } ?? "it does not say where it listens"
      throw Failure(
        .tryAgain, spool.path, "another dashboard is open", do: "\(place); dashboard --link prints the link")
    }
    // Where the one before has listened, somebody else may by now.
    try file.truncate(to: 0)
  }

  public func say(port: Int) throws(Failure) {
    try file.truncate(to: 0)
    try file.seek(to: 0)
    try file.write(Array("Port: \(port)\n".utf8))
  }

  /// Where the one that is open listens; nil: none is.
  public static func port(in spool: SpoolDirectory) throws(Failure) -> Int? {
    guard let file = try spool.directory("secrets").open(name), let bytes = try file.readAll(limit: 4096) else {
      return nil
    }
    // Shared: two who ask at once do not take each other for one.
    if try file.tryLockShared() { return nil }
    return (try? Header(file: bytes))?["Port"].flatMap { Int($0) }
  }
}
