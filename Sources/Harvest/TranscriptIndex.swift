import Memory
import Spool

/// Which files are known, by name and by inode: a look at one that has not changed costs no look into the database. Names are kept as
/// hashes, so that a hundred thousand files take some megabytes; two that have the same are told apart by inode, size and time, or by
/// the database.
struct TranscriptIndex {
  private struct Entry {
    var brief: Transcript.Brief
    /// The harvest that has seen it last.
    var pass: Int32
    /// The next one with the same inode; -1: none.
    var next: Int32
  }

  private var entries: [Entry] = []
  private var byPath: [Int: Int32] = [:]
  private var byInode: [Int: Int32] = [:]
  private var pass: Int32 = 0

  init(_ store: MemoryStore) throws(Failure) {
    let count = try store.transcriptCount()
    entries.reserveCapacity(count)
    byPath.reserveCapacity(count)
    byInode.reserveCapacity(count)
    // Those that are gone first: the one that is there has the name.
    try store.eachBrief { path, brief in self.add(path, brief) }
  }

  subscript(path: String) -> Transcript.Brief? { place(path).map { entries[$0].brief } }

  /// Those that lay there when they were last seen.
  func numbers(device: Int64, inode: Int64) -> [Int64] {
    var numbers: [Int64] = []
    var next = byInode[Self.hash(device, inode)] ?? -1
    while next >= 0 {
      let entry = entries[Int(next)]
      if entry.brief.device == device && entry.brief.inode == inode { numbers.append(entry.brief.number) }
      next = entry.next
    }
    return numbers.reversed()
  }

  /// A harvest of all begins.
  mutating func beginPass() { pass += 1 }

  /// Its file is there.
  mutating func see(_ path: String) { place(path).map { entries[$0].pass = pass } }

  /// Those that this pass has not seen, and that were there before.
  var unseen: [Int64] { entries.lazy.filter { !$0.brief.isGone && $0.pass != pass }.map(\.brief.number) }

  mutating func add(_ transcript: Transcript) {
    guard let number = transcript.number else { return }
    add(
      transcript.path,
      Transcript.Brief(
        number: number, device: transcript.device, inode: transcript.inode, size: transcript.size,
        modified: transcript.modified, isGone: transcript.isGone))
  }

  private mutating func add(_ path: String, _ brief: Transcript.Brief) {
    let own = Int32(entries.count)
    if let place = place(path), entries[place].brief.inode == brief.inode, entries[place].brief.device == brief.device {
      entries[place].brief = brief
      entries[place].pass = pass
      return
    }
    let inode = Self.hash(brief.device, brief.inode)
    entries.append(Entry(brief: brief, pass: pass, next: byInode[inode] ?? -1))
    byInode[inode] = own
    byPath[Self.hash(path)] = own
  }

  /// Its file is not there any more.
  mutating func retire(_ path: String) { place(path).map { entries[$0].brief.isGone = true } }

  private func place(_ path: String) -> Int? { byPath[Self.hash(path)].map(Int.init) }

  /// Of its bytes: to Swift, two strings are equal that look the same.
  private static func hash(_ path: String) -> Int {
    var path = path
    return path.withUTF8 { bytes in
      var hasher = Hasher()
      hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
      return hasher.finalize()
    }
  }

  private static func hash(_ device: Int64, _ inode: Int64) -> Int {
    var hasher = Hasher()
    hasher.combine(device)
    hasher.combine(inode)
    return hasher.finalize()
  }
}
