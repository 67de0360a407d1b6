import Spool

/// Why nothing more of a run is begun: the file `halt` in its state. The first one counts, whoever writes it; but what undoes counts
/// more than what parks.
public struct Halt: Sendable {
  public enum Kind: String, Sendable {
    /// A step has failed, or was rejected: what was done is undone.
    case failed
    /// A person gave the run up.
    case cancelled
    /// Its time is over.
    case overdue
    /// Something was not there for now (75): nothing is undone, the run goes on by itself.
    case parked
    /// Something is missing that a person has to see to (69): nothing is undone, `spool release` goes on.
    case held
    /// The script or a step was killed, though the run was not: it goes on from there.
    case died

    /// Whether what was done is undone.
    public var undoes: Bool { self == .failed || self == .cancelled || self == .overdue }
  }

  public var kind: Kind
  /// Nil where it was the script itself, or a person.
  public var step: String?
  public var exit: Int32
  /// For a person.
  public var why: String
  public var time: Timestamp
  /// A person has said no: he need not be told.
  public var isRejection: Bool

  public init(_ kind: Kind, step: String? = nil, exit: Int32, why: String, isRejection: Bool = false) {
    self.kind = kind
    self.step = step
    self.exit = exit
    self.why = why.printable.cut(toBytes: Self.longestWhy)
    self.isRejection = isRejection
    time = .now
  }

  /// It is read at the beginning of each step, and stands in one line.
  private static let longestWhy = 2000

  init(parsing bytes: [UInt8], of path: String) throws(Failure) {
    let header: Header
    do { header = try Header(lines: bytes[...]) } catch {
      throw Failure(.software, path, error.description, do: "mend it by hand")
    }
    guard let kind = header["Kind"].flatMap({ Kind(rawValue: $0) }), let exit = header["Exit"].flatMap({ Int32($0) })
    else {
      throw Failure(.software, path, "it has no Kind or no Exit", do: "mend it by hand")
    }
    self.kind = kind
    self.exit = exit
    step = header["Step"]
    why = header["Why"] ?? ""
    isRejection = header["Rejected"] == "yes"
    time = header["Time"].flatMap { Timestamp(rfc3339: $0) } ?? .now
  }

  var bytes: [UInt8] {
    Header([
      "Kind": kind.rawValue, "Step": step, "Exit": String(exit), "Why": why, "Time": time.rfc3339,
      "Rejected": isRejection ? "yes" : nil,
    ]).bytes
  }

  /// In a sentence.
  public var spoken: String { step.map { "step \($0): \(why)" } ?? why }
}

extension String {
  /// Its beginning, as far as it fits.
  func cut(toBytes limit: Int) -> String {
    if utf8.count <= limit { return self }
    var end = utf8.index(startIndex, offsetBy: limit)
    while String.Index(end, within: unicodeScalars) == nil { end = utf8.index(before: end) }
    return self[..<end] + "..."
  }
}
