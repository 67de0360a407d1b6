import Spool

/// The session files below a source. Links are not followed: what lies elsewhere is named as a source of its own.
struct SourceTree {
  /// A file that is to be read.
  struct Leaf {
    var directory: Directory
    var name: String
    var path: String
    var status: FileStatus
  }

  /// Told what cannot be read, as a failure; the rest goes on.
  var trouble: (Failure) -> Void
  /// Told of a transcript that is none of ours to unpack.
  var passedOver: (String) -> Void = { _ in }

  /// `SESSION.jsonl`, and OpenClaw's archives `SESSION.jsonl.reset.TIME` and `.deleted.TIME`.
  static func isTranscript(_ name: String) -> Bool {
    if name.hasSuffix(".jsonl") { return true }
    guard let range = name.range(of: ".jsonl.") else { return false }
    let rest = name[range.upperBound...]
    return (rest.hasPrefix("reset.") || rest.hasPrefix("deleted.")) && !name.hasSuffix(".zst")
  }

  /// Each file, in the order of the paths.
  /// - Parameter found: told of each directory, before what is in it is looked at.
  func walk(
    _ source: Source, entering found: (Directory) -> Void = { _ in }, _ take: (Leaf) throws(Failure) -> Void
  ) throws(Failure) {
    let slash = source.path.lastIndex(of: "/") ?? source.path.startIndex
    let name = String(source.path[slash...].dropFirst())
    guard let parent = try openAbove(source, slash), let status = try parent.status(name) else {
      if source.isNamed {
        throw Failure(
          .unavailable, source.path, "there is no such directory or file", do: "check the name after --source")
      }
      return
    }
    if status.isRegular {
      found(parent)
      return try take(Leaf(directory: parent, name: name, path: source.path, status: status))
    }
    try walk(Directory.following(path: source.path), found, take)
  }

  private func openAbove(_ source: Source, _ slash: String.Index) throws(Failure) -> Directory? {
    let above = source.path[..<slash]
    do { return try Directory.following(path: above.isEmpty ? "/" : String(above)) } catch {
      if error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory { return nil }
      throw error
    }
  }

  private func walk(
    _ directory: Directory, _ found: (Directory) -> Void, _ take: (Leaf) throws(Failure) -> Void
  ) throws(Failure) {
    found(directory)
    let names: [[CChar]]
    do { names = try directory.rawNames() } catch { return trouble(error) }
    var inner: [String] = []
    for raw in names.sorted(by: Self.isBefore) {
      guard let name = String(validatingCString: raw) else {
        let shown = String(cString: raw).printable
        // What has no ending may be a directory of transcripts.
        if Self.isTranscript(shown) || !shown.contains(".") {
          trouble(
            Failure(.malformed, directory.path(of: shown), "its name is no UTF-8", do: "rename it; it was not read"))
        }
        continue
      }
      let status: FileStatus?
      do { status = try directory.status(name) } catch {
        trouble(error)
        continue
      }
      if status?.isDirectory == true {
        inner.append(name)
      } else if let status, status.isRegular, Self.isTranscript(name) {
        do { try take(Leaf(directory: directory, name: name, path: directory.path(of: name), status: status)) } catch {
          if !Self.concernsOneFile(error) { throw error }
          trouble(error)
        }
      } else if status?.isRegular == true, name.hasSuffix(".zst"), Self.isTranscript(String(name.dropLast(4))) {
        passedOver("\(directory.path(of: name)): it is compressed: it was not read: unpack it with unzstd")
      }
    }
    for name in inner {
      let next: Directory
      do { next = try Directory(name, in: directory) } catch {
        if error.errno != .noSuchFileOrDirectory { trouble(error) }
        continue
      }
      try walk(next, found, take)
    }
  }

  /// Whether the others can still be read.
  static func concernsOneFile(_ failure: Failure) -> Bool {
    failure.errno != nil && failure.status != .tryAgain && !failure.isFailedFlush
  }

  private static func isBefore(_ one: [CChar], _ other: [CChar]) -> Bool {
    one.lexicographicallyPrecedes(other) { UInt8(bitPattern: $0) < UInt8(bitPattern: $1) }
  }
}

extension String {
  fileprivate func range(of words: String) -> Range<String.Index>? {
    var start = startIndex
    while let at = self[start...].firstIndex(of: words.first!) {
      if self[at...].hasPrefix(words) { return at..<index(at, offsetBy: words.count) }
      start = index(after: at)
    }
    return nil
  }
}
