import Calls
import Spool
import Work

/// The calls of one other user to one agent: taken from his drop, and answered in his own room, `re-NAME/`, under the name that his
/// file had.
///
/// What he is owed is a file in `owed-NAME/` from before his own file goes until his answer lies there: killed anywhere, the next look
/// goes on.
final class Mailbox {
  let user: GatewayUser
  let line: AgentLine
  var look = Lookout()
  private let owed: Directory
  private let answers: Directory
  let drop: Directory

  var queue: Queue { line.queue }

  init(_ user: GatewayUser, _ line: AgentLine) throws(Failure) {
    self.user = user
    self.line = line
    let queue = line.queue
    owed = try Directory("owed-\(user.name)", in: queue.directory)
    answers = try Directory("re-\(user.name)", in: queue.directory)
    drop = try Directory("drop-\(user.name)", in: queue.directory)
  }

  /// - Parameter limit: about so many files.
  /// - Returns: after how long to look again, where something could not be taken yet.
  func take(atMost limit: Int) throws(Failure) -> Duration? {
    var known: [EntryID] = []
    let sender = Drop.User(
      name: user.name, uid: user.uid,
      // So named, a file is the same call however often it is put there.
      isNamed: { $0.hasPrefix("key-") },
      turnsAway: { [self] (fileName: String, key: String) throws(Failure) in try turnsAway(fileName, key) },
      onPublished: { [owed] (id: EntryID, fileName: String) throws(Failure) in
        try owed.replace(id.description, with: Array(fileName.utf8))
        if fileName.hasPrefix("key-") { known.append(id) }
      },
      onRefused: { [self] (fileName: String, why: String) throws(Failure) in
        try answer(fileName, Self.words(CallFailure(.invalid, why)), [])
      })
    let result = try Drop("drop-\(user.name)", in: queue, of: sender).take(atMost: limit)
    try revive(known)
    // What is known, or was published by one who was killed then, may be on record already.
    for id in result.published { try settle(id) }
    return result.lookAgain
  }

  /// As it does with everybody, a full backlog refuses what would add to it.
  private func turnsAway(_ fileName: String, _ key: String) throws(Failure) -> Bool {
    if try queue.known(key: key) != nil { return false }
    guard let failure = try Backlog(line.agent, queue).refusal() else { return false }
    try answer(fileName, Self.words(failure), [])
    return true
  }

  /// As `claude-call` does: a failed call that is asked for again is made again.
  private func revive(_ ids: [EntryID]) throws(Failure) {
    for id in ids {
      guard let place = try queue.locate(id), place.room == .fail else { continue }
      do { try queue.carryOut(.retry, for: place, by: "the gateway, for \(user.name)") } catch {
        guard [.no, .tryAgain].contains(error.status) else { throw error }
      }
    }
  }

  private var tidyDue = Deadline(after: .zero)

  /// Removes what one who was killed had only begun to write, and old answers, as old records go. Nobody else writes here.
  private func tidy() throws(Failure) {
    guard tidyDue.hasPassed else { return }
    tidyDue = Deadline(after: .seconds(3600))
    for name in try owed.names() where name.hasPrefix(".") { try owed.unlink(name) }
    for name in try answers.names() {
      let age = name.hasPrefix("key-") ? Queue.keyAge : Queue.recordAge
      guard let status = try answers.status(name) else { continue }
      if name.hasPrefix(".") || Timestamp.now - status.modified > age { try answers.unlink(name) }
    }
  }

  /// Gives what is on record to whom it is owed.
  func settle() throws(Failure) {
    try tidy()
    for name in try owed.names() where !name.hasPrefix(".") {
      if let id = try? EntryID(name) { try settle(id) }
    }
  }

  /// The same for one call, be it owed to him or not.
  func settle(_ id: EntryID) throws(Failure) {
    guard let file = try owed.open(id.description) else { return }
    let fileName = String(decoding: try file.readAll(limit: 4096) ?? [], as: UTF8.self)
    switch try CallRecord.read(id, in: queue) {
    case .open, .held: return
    case .reply(let record): try answer(fileName, record.header.lines.map { ($0.name, $0.value) }, record.body, id)
    case .failed(let failure): try answer(fileName, Self.words(failure), [], id)
    }
    try owed.unlink(id.description)
  }

  private static func words(_ failure: CallFailure) -> [(String, String)] {
    [
      ("Status", String(failure.status.rawValue)), ("Class", failure.kind.rawValue),
      ("Why", failure.why.printable), ("Try-Again", failure.tryAgainAt?.rfc3339),
    ].compactMap { name, value in value.map { (name, $0) } }
  }

  private func answer(
    _ fileName: String, _ lines: [(String, String)], _ body: [UInt8], _ id: EntryID? = nil
  ) throws(Failure) {
    var header = Header()
    for (name, value) in lines where !["Spool", "Id", "Length", "Sha256"].contains(name) { header[name] = value }
    if header["Status"] == nil { header["Status"] = "0" }
    header["Re"] = id?.description
    header["Length"] = String(body.count)
    try answers.replace(fileName, with: header.bytes + body, mode: 0o440, isExactMode: true)
  }
}
