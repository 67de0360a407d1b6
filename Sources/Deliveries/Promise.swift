import Glibc
import Roster
import Spool

/// What a channel says of itself: the file `NAME.promise` beside it, header lines, each with a default. A ten-line script needs
/// none.
public struct Promise: Sendable {
  /// One line for `deliver --channels`.
  public var summary = ""
  /// How an address is written.
  public var address = ""
  /// What its messages are promised, in words.
  public var semantics = ""
  /// Sending the same ID twice has the effect of sending it once.
  public var isIdempotent = false
  /// It marks what may be a repeat itself; else that is done for it, in the text.
  public var marksRepeats = false
  /// It serves many messages in one run (docs/channels.md).
  public var hasSessions = false
  /// Called with `--check` it prints what is configured, and exits with 0 where it can send.
  public var hasCheck = false
  /// It can put a message in the place of one that it has sent (`DELIVERY_REPLACES`).
  public var canReplace = false
  public var pace = Pace()

  public init() {}

  init(_ file: SettingsFile) throws(Failure) {
    try file.allow(["Summary", "Address", "Semantics", "Idempotent", "Marks-Repeats", "Speaks", "Replaces", "Pace"])
    summary = file.value("Summary") ?? ""
    address = file.value("Address") ?? ""
    semantics = file.value("Semantics") ?? ""
    func answer(_ name: String) throws(Failure) -> Bool {
      try file.parse(name, "yes or no") { ["yes": true, "no": false][$0] } ?? false
    }
    isIdempotent = try answer("Idempotent")
    marksRepeats = try answer("Marks-Repeats")
    canReplace = try answer("Replaces")
    hasSessions = file.list("Speaks").contains("session")
    hasCheck = file.list("Speaks").contains("check")
    pace = try file.parse("Pace", "rates such as 1/s, 20/min for -*, 30/s in all") { Pace($0) } ?? Pace()
  }

  /// What lies beside a channel's executable; `NAME.idempotent` is the short form of one line of it.
  static func read(_ name: String, in directory: String) throws(Failure) -> Promise {
    var promise = Promise()
    if Kernel.mayAccess("\(directory)/\(name).promise", F_OK),
      let file = try SettingsFile.read("\(name).promise", in: Directory.following(path: directory), hasBody: false)
    {
      promise = try Promise(file)
    }
    if Kernel.mayAccess("\(directory)/\(name).idempotent", F_OK) { promise.isIdempotent = true }
    return promise
  }
}
