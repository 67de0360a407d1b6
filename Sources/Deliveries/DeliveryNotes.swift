import Roster
import Spool

/// What the next attempt of a delivery should know of the ones before, beyond its name: `log/ID.notes`, a line for each fact.
/// Where it is lost, an address is tried once more, or what is harmless is asked about: nothing is sent that should not be.
struct DeliveryNotes {
  private let queue: Queue
  private let id: EntryID
  /// Addresses that have failed for good.
  private(set) var failed: Set<String> = []
  /// Addresses at which an attempt may have sent it.
  private(set) var doubtful: Set<String> = []
  /// A person has let it go out though it is in doubt, and nothing has gone out since.
  private(set) var isReleased = false

  private init(_ queue: Queue, _ id: EntryID) {
    self.queue = queue
    self.id = id
  }

  private var fileName: String { "\(id).notes" }

  /// - Parameter isFresh: it lies in `new/`: it begins anew, whoever put it there.
  static func read(_ id: EntryID, in queue: Queue, isFresh: Bool) throws(Failure) -> DeliveryNotes {
    var notes = DeliveryNotes(queue, id)
    guard let file = try queue[.log].open(notes.fileName) else { return notes }
    let text = String(decoding: try file.readAll(limit: 1 << 20) ?? [], as: UTF8.self)
    for line in text.split(separator: "\n") {
      if line.hasPrefix("failed ") { notes.failed.insert(String(line.dropFirst(7))) }
      if line.hasPrefix("in-doubt ") { notes.doubtful.insert(String(line.dropFirst(9))) }
      if line == "released" { notes.isReleased = true }
    }
    if isFresh { notes.failed = [] }
    return notes
  }

  /// It is in doubt, and nothing says where: then anywhere.
  mutating func doubtSomewhere() { if doubtful.isEmpty { doubtful.insert("somewhere") } }

  mutating func fail(_ address: Address) throws(Failure) {
    failed.insert(address.description)
    try write()
  }

  /// An attempt at this address begins; before its first byte.
  mutating func begin(_ address: Address) throws(Failure) {
    isReleased = false
    doubtful.insert(address.description)
    try write()
  }

  /// It definitely sent nothing.
  /// - Parameter wasDoubtful: an earlier attempt at this address may have, all the same.
  mutating func clear(_ address: Address, wasDoubtful: Bool, isReleased: Bool) throws(Failure) {
    if !wasDoubtful { doubtful.remove(address.description) }
    self.isReleased = isReleased
    try write()
  }

  /// Whether what may have gone out may have gone out only there.
  func isOnlyDoubtful(at address: Address) -> Bool { doubtful == [address.description] }

  private func write() throws(Failure) {
    let lines =
      failed.sorted().map { "failed \($0)" } + doubtful.sorted().map { "in-doubt \($0)" }
      + (isReleased ? ["released"] : [])
    try queue[.log].replace(fileName, with: Array(lines.map { $0 + "\n" }.joined().utf8))
  }
}
