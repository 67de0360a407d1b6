import Calls
import Spool

/// The calls of one other user to one agent: taken from his drop, and answered in his own room, `re-NAME/`, under the name that his
/// file had.
///
/// What he is owed is a file in `owed-NAME/` from before his own file goes until his answer lies there: killed anywhere, the next look
/// goes on.
final class Mailbox {
  let user: GatewayUser
  let queue: Queue
  private let owed: Directory
  private let answers: Directory
  let drop: Directory

  init(_ user: GatewayUser, _ queue: Queue) throws(Failure) {
    self.user = user
    self.queue = queue
    owed = try Directory("owed-\(user.name)", in: queue.directory)
    answers = try Directory("re-\(user.name)", in: queue.directory)
    drop = try Directory("drop-\(user.name)", in: queue.directory)
  }

  /// - Returns: after how long to look again, where something could not be taken yet.
  func take() throws(Failure) -> Duration? {
    let name = user.name
    let sender = Drop.User(
      name: name, uid: user.uid,
      // So named, a file is the same call however often it is put there.
      key: { $0.hasPrefix("key-") ? "user-\(name)-\($0)" : nil },
      onPublished: { [owed] (id: EntryID, fileName: String) throws(Failure) in
        try owed.replace(id.description, with: Array(fileName.utf8))
      },
      onRefused: { [self] (fileName: String, why: String) throws(Failure) in
        try answer(fileName, Self.words(CallFailure(.invalid, why)), [])
      })
    let result = try Drop("drop-\(name)", in: queue, of: sender).take()
    // Under a known key nothing new is made; its record may be there already.
    if !result.published.isEmpty { try revive(result.published) }
    return result.lookAgain
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

  /// Gives what is on record to whom it is owed.
  func settle() throws(Failure) {
    for name in try owed.names() where !name.hasPrefix(".") {
      guard let id = try? EntryID(name), let file = try owed.open(name) else { continue }
      let fileName = String(decoding: try file.readAll(limit: 4096) ?? [], as: UTF8.self)
      switch try CallRecord.read(id, in: queue) {
      case .open: continue
      case .reply(let record): try answer(fileName, record.header.lines.map { ($0.name, $0.value) }, record.body, id)
      case .failed(let failure): try answer(fileName, Self.words(failure), [], id)
      }
      try owed.unlink(name)
    }
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
