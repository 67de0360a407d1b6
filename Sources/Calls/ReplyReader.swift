import Spool

/// Reads what a kind of agent program prints, and says what it amounts to. The exit code is a hint only.
protocol ReplyReader {
  /// Takes a piece of stdout; true once the answer is complete.
  mutating func feed(_ piece: ArraySlice<UInt8>) -> Bool
  /// After the end. `died` says how, where the program was killed.
  mutating func result(exit: Int32?, stderr: String) -> Result<Reply, CallFailure>
}

/// Any program that reads a prompt on stdin: what it prints is the reply, if it says that all went well.
struct PlainReader: ReplyReader {
  private var bytes: [UInt8] = []
  private var isTooLong = false

  mutating func feed(_ piece: ArraySlice<UInt8>) -> Bool {
    if bytes.count + piece.count > Entry.sizeLimit { isTooLong = true } else { bytes += piece }
    return isTooLong
  }

  mutating func result(exit: Int32?, stderr: String) -> Result<Reply, CallFailure> {
    if isTooLong { return .failure(CallFailure(.invalid, "a reply of more than \(Entry.sizeLimit) bytes")) }
    guard let exit else { return .failure(CallFailure(.died, stderr.isEmpty ? "killed" : stderr)) }
    guard exit == 0 else {
      return .failure(.classify(stderr.isEmpty ? "exit \(exit) without a word" : "exit \(exit): \(stderr)"))
    }
    let text = String(decoding: bytes, as: UTF8.self)
    return text.isBlank ? .failure(CallFailure(.invalid, "an empty reply")) : .success(Reply(text: text))
  }
}

extension String {
  var isBlank: Bool { allSatisfy(\.isWhitespace) }
}
