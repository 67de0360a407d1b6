import Glibc

/// SQLite maps the index of its log. A page of it that the disk has no room for, or cannot read, is told by a signal, which would
/// end the tool without a word. Nothing is lost by that end: the index is made anew from the log.
enum MappedIndex {
  /// What is said by the handler, which may call next to nothing.
  nonisolated(unsafe) private static var words: UnsafeMutableBufferPointer<UInt8>?

  static func explainItsSignal(_ path: String) {
    if words != nil { return }
    let tool = CommandLine.arguments.first.flatMap { $0.split(separator: "/").last } ?? "memory"
    let text = "\(tool): \(path)-shm: there is no room for it on the disk: free some space (df), then try again\n"
    let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
    _ = buffer.initialize(from: text.utf8)
    words = buffer
    signal(SIGBUS) { _ in
      if let words = MappedIndex.words { _ = write(2, words.baseAddress, words.count) }
      _exit(75)
    }
  }
}
