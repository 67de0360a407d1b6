import Facts
import Memory
import Secrets
import Spool

/// Reads what has been said since the last time, and records it.
///
/// Each transaction holds facts together with the positions that they were read up to: killed anywhere, the next harvest goes on
/// where the last transaction ended, and comes to the same database.
public final class Harvester {
  /// What a harvest has done.
  public struct Sum: Sendable {
    public var files = 0
    public var bytes = 0
    public var lines = 0
    /// That nobody had said before.
    public var facts = 0
  }

  private let store: MemoryStore
  private let reader: TranscriptReader
  private let scopeOfAgent: (String) -> String
  private var index: TranscriptIndex
  private var pending: [Gleaning] = []
  private var pendingBytes = 0
  private var pendingFindings = 0
  /// The transcripts that single files' harvest has recorded; nil: all are harvested.
  private var news: Set<Int64>?
  public private(set) var sum = Sum()
  /// The worst that has happened to single files.
  public private(set) var trouble: Failure?
  /// Told of what is wrong with a file, and, where it is wanted, with a line.
  public var complain: (String) -> Void = { _ in }
  public var complainOfLines = false
  /// Told how many bytes have been read.
  public var progress: (Int) -> Void = { _ in }
  /// Asked now and then: what ends the harvest, once what it has read is recorded.
  public var stop: () -> Failure? = { nil }

  /// - Parameter scope: where the facts of an agent may be read.
  public init(
    _ store: MemoryStore, rules: RuleSet, secrets: SecretRules, scope: @escaping (String) -> String
  ) throws(Failure) {
    self.store = store
    reader = TranscriptReader(rules: rules, secrets: secrets)
    scopeOfAgent = scope
    index = try TranscriptIndex(store)
  }

  /// Reads all of the sources' files that have changed.
  /// - Parameter entering: told of each directory before it is looked at.
  public func harvest(_ sources: [Source], entering: (Directory) -> Void = { _ in }) throws(Failure) {
    index.beginPass()
    for source in sources {
      let tree = SourceTree(trouble: note, passedOver: complainOfLines ? complain : { _ in })
      try tree.walk(source, entering: entering) { leaf throws(Failure) in
        try self.look(at: leaf, of: source)
      }
      // Where a source lies within another one, its files are known by now.
      try flush()
    }
    try retire(from: sources)
  }

  /// Reads those files of the sources that have changed, or retires them where they are gone.
  /// - Parameter paths: where something has changed.
  public func harvest(_ paths: Set<String>, of sources: [Source]) throws(Failure) {
    var gone: [Int64] = []
    news = []
    defer { news = nil }
    for path in paths.sorted() {
      let slash = path.lastIndex(of: "/") ?? path.startIndex
      let name = String(path[path.index(after: slash)...])
      guard let source = sources.first(where: { $0.holds(path) }),
        path == source.path || SourceTree.isTranscript(name)
      else { continue }
      do {
        let directory = try Directory.following(path: String(path[..<slash]))
        if let status = try directory.status(name) {
          guard status.isRegular else { continue }
          try look(at: SourceTree.Leaf(directory: directory, name: name, path: path, status: status), of: source)
        } else if let known = index[path], !known.isGone {
          gone.append(known.number)
          index.retire(path)
        }
      } catch {
        if !SourceTree.concernsOneFile(error) { throw error }
        if error.errno != .noSuchFileOrDirectory { note(error) }
      }
    }
    try flush()
    // A file that was renamed goes on under its new name.
    _ = try store.record([], gone: gone.filter { news?.contains($0) != true })
  }

  /// The bytes that a harvest of these sources would read, more or less: for a progress bar.
  public func outstanding(_ sources: [Source]) throws(Failure) -> Int {
    var bytes = 0
    for source in sources {
      try SourceTree(trouble: { _ in }).walk(source) { leaf throws(Failure) in
        if let known = self.index[leaf.path], self.isUnchanged(known, leaf.status) { return }
        bytes += leaf.status.size
      }
    }
    return bytes
  }

  private func note(_ failure: Failure) {
    complain("\(failure)")
    trouble = trouble ?? failure
  }

  private func look(at leaf: SourceTree.Leaf, of source: Source) throws(Failure) {
    if let failure = stop() {
      try flush()
      throw failure
    }
    if let known = index[leaf.path], isUnchanged(known, leaf.status) { return index.see(leaf.path) }
    guard let file = try leaf.directory.open(leaf.name) else { return }
    let status = try file.status()
    guard status.isRegular else { return }
    var transcript = try identify(leaf, status, file, source)
    try read(file, &transcript, source)
  }

  private func isUnchanged(_ known: Transcript.Brief, _ status: FileStatus) -> Bool {
    !known.isGone && known.size == status.size && known.modified == status.modified.nanoseconds
      && known.inode == Int64(bitPattern: status.inode) && known.device == Int64(bitPattern: status.device)
  }

  /// Which transcript a file goes on with: its own, that of the file that was renamed to it, or a new one.
  private func identify(
    _ leaf: SourceTree.Leaf, _ status: FileStatus, _ file: File, _ source: Source
  ) throws(Failure) -> Transcript {
    let (device, inode) = (Int64(bitPattern: status.device), Int64(bitPattern: status.inode))
    if let known = index[leaf.path], !known.isGone {
      if var own = try recorded(known.number), try isSame(own, file, status) {
        // A copy that was put in its place goes on as well as the file itself.
        (own.device, own.inode) = (device, inode)
        return own
      }
      // Its name is another file's now; what came from it stays.
      _ = try store.record([], gone: [known.number])
      index.retire(leaf.path)
    }
    for number in index.numbers(device: device, inode: inode) {
      guard var old = try recorded(number), !old.path.utf8.elementsEqual(leaf.path.utf8) || old.isGone,
        old.position > 0,
        old.format == source.format.name, !isThere(old), try isSame(old, file, status)
      else { continue }
      index.retire(old.path)
      (old.path, old.isGone) = (leaf.path, false)
      return old
    }
    return Transcript(
      format: source.format.name, agent: source.agent, path: leaf.path, device: device, inode: inode)
  }

  /// A transcript as it is known; what is still to be recorded of it counts as well.
  private func recorded(_ number: Int64) throws(Failure) -> Transcript? {
    if pending.contains(where: { $0.transcript.number == number }) { try flush() }
    return try store.transcript(number)
  }

  /// Whether what was read of it stands there still.
  private func isSame(_ transcript: Transcript, _ file: File, _ status: FileStatus) throws(Failure) -> Bool {
    guard status.size >= transcript.position else { return false }
    if transcript.position == 0 { return true }
    return try transcript.currentMark(in: file) == transcript.mark
  }

  /// Whether the file is still under the name that we know: then another name of it is a second one.
  private func isThere(_ transcript: Transcript) -> Bool {
    guard !transcript.isGone, let slash = transcript.path.lastIndex(of: "/"),
      let directory = try? Directory.following(path: String(transcript.path[...slash])),
      let status = (try? directory.status(String(transcript.path[transcript.path.index(after: slash)...]))) ?? nil
    else { return false }
    return Int64(bitPattern: status.inode) == transcript.inode && Int64(bitPattern: status.device) == transcript.device
  }

  private func read(_ file: File, _ transcript: inout Transcript, _ source: Source) throws(Failure) {
    let scope = scopeOfAgent(transcript.agent)
    let (start, startLine) = (transcript.position, transcript.lines)
    var told = start
    let status = try file.status()
    let found = try reader.read(
      file, &transcript, format: source.format, complain: complainOfLines ? complain : { _ in }
    ) { current, found throws(Failure) in
      self.tell(current.position - told)
      told = current.position
      let failure = self.stop()
      guard failure != nil || self.isDue || found.count >= 1000 else { return false }
      // However long a file is, no more than this is ever done again.
      try self.add(current, found, file, scope)
      current.number = try self.flush().last?.number
      if let failure { throw failure }
      return true
    }
    tell(transcript.position - told)
    if transcript.position > start { sum.files += 1 }
    sum.bytes += transcript.position - start
    sum.lines += transcript.lines - startLine
    transcript.size = max(status.size, transcript.position)
    // What changes within a tick of the clock that times files may look the same.
    let isSettled = status.modified + .milliseconds(100) < .now
    transcript.modified = isSettled ? status.modified.nanoseconds : 0
    try add(transcript, found, file, scope)
    if isDue { try flush() }
  }

  private func tell(_ bytes: Int) {
    pendingBytes += bytes
    progress(bytes)
  }

  private func add(
    _ transcript: Transcript, _ found: [TranscriptReader.Found], _ file: File, _ scope: String
  ) throws(Failure) {
    var transcript = transcript
    transcript.mark = try transcript.currentMark(in: file)
    pending.append(Gleaning(transcript, remarks: found.map(\.remark), scope: scope))
    pendingFindings += found.count
  }

  /// Few enough transactions to be quick, small enough ones that writers do not wait for us.
  private var isDue: Bool { pendingBytes >= 64 << 20 || pendingFindings >= 2000 || pending.count >= 500 }

  @discardableResult
  private func flush() throws(Failure) -> [Transcript] {
    if pending.isEmpty { return [] }
    // What cannot be recorded is read again.
    defer {
      pending.removeAll(keepingCapacity: true)
      (pendingBytes, pendingFindings) = (0, 0)
    }
    let (transcripts, newFacts) = try store.record(pending)
    sum.facts += newFacts
    for transcript in transcripts { index.add(transcript) }
    news?.formUnion(transcripts.compactMap(\.number))
    return transcripts
  }

  /// Files below these sources that were there and are not any more.
  private func retire(from sources: [Source]) throws(Failure) {
    var gone: [(number: Int64, path: String)] = []
    for number in index.unseen {
      guard let path = try store.path(of: number), !Kernel.mayAccess(path, 0),
        sources.contains(where: { $0.holds(path) })
      else { continue }
      gone.append((number, path))
    }
    _ = try store.record([], gone: gone.map(\.number))
    for (_, path) in gone { index.retire(path) }
  }
}
