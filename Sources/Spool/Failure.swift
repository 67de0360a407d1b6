import SystemPackage

/// What a tool's exit says; one table for all tools (docs/exit-codes.md).
public struct ExitStatus: RawRepresentable, Hashable, Sendable {
  public let rawValue: Int32
  public init(rawValue: Int32) { self.rawValue = rawValue }

  public static let done = ExitStatus(rawValue: 0)
  /// The answer is no: rejected, not found, stale; amber for `spool status`.
  public static let no = ExitStatus(rawValue: 1)
  /// Red, for `spool status` alone.
  public static let red = ExitStatus(rawValue: 2)
  public static let usage = ExitStatus(rawValue: 64)
  public static let malformed = ExitStatus(rawValue: 65)
  /// Agent missing, breaker open, budget spent, request never delivered.
  public static let unavailable = ExitStatus(rawValue: 69)
  /// Our bug.
  public static let software = ExitStatus(rawValue: 70)
  public static let cannotCreate = ExitStatus(rawValue: 73)
  public static let io = ExitStatus(rawValue: 74)
  /// Rate limit, backpressure, disk nearly full.
  public static let tryAgain = ExitStatus(rawValue: 75)
  /// Not allowed, not logged in.
  public static let notAllowed = ExitStatus(rawValue: 77)
  public static let configuration = ExitStatus(rawValue: 78)
  public static let timedOut = ExitStatus(rawValue: 124)
  /// Killed by this signal.
  public static func signal(_ number: Int32) -> ExitStatus { ExitStatus(rawValue: 128 + number) }
}

/// Why something could not be done, as its user needs it: what it is about, why, what to do.
/// `status` is what the tool exits with.
public struct Failure: Error, Hashable {
  public var status: ExitStatus
  /// The file, ID or option.
  public var what: String
  public var why: String
  public var advice: String?
  /// The kernel's own word, where it had one.
  public var errno: Errno?
  /// An fsync has failed. The next one on the same file or directory would report success though what could not be written is
  /// lost: whoever meets this ends, and touches nothing more.
  public var isFailedFlush = false

  /// A command was started before this failed: it may have had its effect.
  public var mayHaveHappened = false

  public init(_ status: ExitStatus, _ what: String, _ why: String, do advice: String? = nil) {
    self.status = status
    self.what = what
    self.why = why
    self.advice = advice
  }

  /// A system call on `path` failed.
  package init(_ errno: Errno, _ path: String, _ doing: String) {
    self.errno = errno
    what = path
    why = "cannot \(doing): \(errno)"
    switch errno {
    case .noSpace, .diskQuotaExceeded:
      status = .tryAgain
      advice = "free some space, then try again"
    case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory:
      status = .tryAgain
      advice = "try again later, or raise the limit"
    case .permissionDenied, .notPermitted:
      status = .notAllowed
      advice = "check its owner and mode with ls -ld"
    case .tooManySymbolicLinkLevels:
      status = .notAllowed
      advice = "a symbolic link is never followed here; put the thing itself in its place"
    default: status = .io
    }
  }

  package init(flushing path: String, _ doing: String, _ errno: Errno) {
    self.init(errno, path, doing)
    isFailedFlush = true
  }
}

extension Failure: CustomStringConvertible {
  /// `what: why: what to do`, on one line, with control characters escaped.
  public var description: String {
    [what, why, advice ?? ""].filter { !$0.isEmpty }.joined(separator: ": ").printable
  }
}

extension StringProtocol {
  /// The text with control characters (C0, DEL, C1, and the two that reverse the reading direction's
  /// order) escaped, so that what came from outside cannot act on a terminal or forge a line.
  public var printable: String {
    guard unicodeScalars.contains(where: { $0.isControl }) else { return String(self) }
    var result = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case _ where scalar.isControl:
        result += "\\u{" + String(scalar.value, radix: 16) + "}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// As `printable`, but lines stay lines, also those of Windows: for text that is shown as text.
  public var printableLines: String {
    split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
      .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(\.printable).joined(separator: "\t") }
      .joined(separator: "\n")
  }
}

extension Unicode.Scalar {
  fileprivate var isControl: Bool {
    value < 0x20 || (0x7F...0x9F).contains(value) || (0x202A...0x202E).contains(value)
      || (0x2066...0x2069).contains(value)
  }
}
