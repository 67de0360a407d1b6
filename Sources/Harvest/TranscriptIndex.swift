import Memory

/// Which files are known, by name and by inode: a look at one that has not changed costs no look into the database.
struct TranscriptIndex {
  private struct Inode: Hashable {
    var device: Int64
    var number: Int64
  }

  /// A name as the file system has it: to Swift, two strings are equal that look the same.
  private struct Path: Hashable {
    let bytes: [UInt8]
    init(_ text: String) { bytes = Array(text.utf8) }
    var text: String { String(decoding: bytes, as: UTF8.self) }
  }

  private var byPath: [Path: Transcript.Brief] = [:]
  private var byInode: [Inode: [Int64]] = [:]

  /// - Parameter briefs: those that are gone first.
  init(_ briefs: [(path: String, brief: Transcript.Brief)]) {
    byPath.reserveCapacity(briefs.count)
    byInode.reserveCapacity(briefs.count)
    for (path, brief) in briefs { add(path, brief) }
  }

  subscript(path: String) -> Transcript.Brief? { byPath[Path(path)] }

  /// Those that lay there when they were last seen.
  func numbers(device: Int64, inode: Int64) -> [Int64] { byInode[Inode(device: device, number: inode)] ?? [] }

  /// Those whose files were there when they were last looked for.
  var present: [(path: String, brief: Transcript.Brief)] {
    byPath.filter { !$0.value.isGone }.map { ($0.key.text, $0.value) }
  }

  mutating func add(_ transcript: Transcript) {
    guard let number = transcript.number else { return }
    add(
      transcript.path,
      Transcript.Brief(
        number: number, device: transcript.device, inode: transcript.inode, size: transcript.size,
        modified: transcript.modified, isGone: transcript.isGone))
  }

  private mutating func add(_ path: String, _ brief: Transcript.Brief) {
    byPath[Path(path)] = brief
    let inode = Inode(device: brief.device, number: brief.inode)
    if byInode[inode]?.contains(brief.number) != true { byInode[inode, default: []].append(brief.number) }
  }

  /// Its file is not there any more.
  mutating func retire(_ path: String) { byPath[Path(path)]?.isGone = true }
}
