import ArgumentParser
import Glibc
import Spool

/// When something is worth nothing any more: a span from now, or a time.
public struct Expiry: ExpressibleByArgument, Sendable {
  public var time: Timestamp

  public init?(argument: String) {
    if let span = Duration(argument) {
      time = Timestamp.now + span
    } else if let time = Timestamp(rfc3339: argument) {
      self.time = time
    } else {
      return nil
    }
  }
}

/// `Name: value`.
public struct HeaderLine: ExpressibleByArgument, Sendable {
  public var name: String
  public var value: String

  public init?(argument: String) {
    guard let colon = argument.firstIndex(of: ":"), colon != argument.startIndex else { return nil }
    name = String(argument[..<colon])
    value = String(argument[argument.index(after: colon)...].drop { $0 == " " })
    let isName = name.utf8.allSatisfy {
      (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || $0 == 45
    }
    if !isName || value.printable != value { return nil }
  }
}

/// What comes on standard input.
public enum Input {
  /// Text that is meant to be there.
  /// - Throws: `.malformed` where there is none, or too much.
  public static func text(for purpose: String) throws(Failure) -> [UInt8] {
    if isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 {
      complain("reading \(purpose) from the terminal; end it with Ctrl-D")
    }
    let input = File.standardInput
    guard let bytes = try input.readAll(limit: Entry.sizeLimit) else {
      throw Failure(
        .malformed, "standard input", "is longer than \(Entry.sizeLimit >> 20) MiB",
        do: "give it as a file that the text names")
    }
    guard !bytes.isEmpty else {
      throw Failure(
        .malformed, "standard input", "is empty, and \(purpose) was expected",
        do: "pipe it in; did the command before fail?")
    }
    return bytes
  }

  /// A file that an option names.
  package static func file(_ path: String, for option: String) throws(Failure) -> File {
    do { return File(try Kernel.open(path, in: nil, O_RDONLY), path: path) } catch {
      throw Failure(.malformed, "\(option) \(path)", "cannot be opened: \(error)", do: "check the name")
    }
  }

  /// Names on standard input, one a word; for verbs without arguments.
  public static func words() throws(Failure) -> [String] {
    guard isatty(STDIN_FILENO) == 0 else { return [] }
    let bytes = try File.standardInput.readAll(limit: Entry.sizeLimit) ?? []
    return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
  }
}
