import Glibc
import Spool

/// What a step's command reads: our standard input, which a second attempt reads from its beginning again.
struct StepInput {
  let file: File
  private let start: Int?

  /// - Parameter isReadAgain: whether there may be a second attempt.
  /// - Throws: `.usage` where there may be, and this cannot be read twice.
  init(isReadAgain: Bool) throws(Failure) {
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
      // Stored, it would be taken from who reads it behind this step: a loop, say.
      throw Failure(
        .usage, "--attempts", "standard input is a pipe, which a second attempt could not read again",
        do: "give it as a file, or </dev/null")
    } else {
      file = given
      start = nil
    }
  }

  func rewind() throws(Failure) { if let start { try file.seek(to: start) } }
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
