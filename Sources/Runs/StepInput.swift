import Glibc
import Spool

/// What a step's command reads: our standard input, which a second attempt reads from its beginning again.
struct StepInput {
  let file: File
  private let start: Int?

  /// - Parameter isReadAgain: whether there may be a second attempt; what cannot be read twice, a pipe, is then stored first.
  init(isReadAgain: Bool, in state: RunState) throws(Failure) {
    let given = File.standardInput
    guard isReadAgain, let status = try? given.status() else {
      file = given
      start = nil
      return
    }
    if status.isRegular {
      file = given
      start = try given.position()
    } else if status.isPipe {
      file = try Self.stored(given, in: state)
      start = 0
    } else {
      file = given
      start = nil
    }
  }

  func rewind() throws(Failure) { if let start { try file.seek(to: start) } }

  /// A file without a name: nobody has to remove it.
  private static func stored(_ pipe: File, in state: RunState) throws(Failure) -> File {
    let name = ".in-\(SpoolDirectory.processID)"
    try state.steps.unlink(name)
    let file = try state.steps.create(name, mode: 0o600)
    try state.steps.unlink(name)
    try pipe.copy { (piece: UnsafeRawBufferPointer) throws(Failure) in try file.write(Array(piece)) }
    try file.seek(to: 0)
    return file
  }
}

extension File {
  /// All that is left to be read, piece by piece: whatever its length, it takes no memory.
  package func copy(to write: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = try read(into: buffer)
      if count == 0 { return }
      try write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }
}
