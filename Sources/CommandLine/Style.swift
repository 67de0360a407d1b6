import CLinux
import Glibc

/// How words are shown to a person: in colour on a terminal, as they are everywhere else. The one place that decides.
///
/// Colour only says again what the words say. Nothing is coloured where the descriptor is no terminal, where `NO_COLOR` is set
/// (https://no-color.org), or on a terminal that knows none (`TERM=dumb`, or no `TERM`).
public struct Style: Sendable {
  /// Whether somebody reads along: a line that is longer than `width` would break.
  public let isTerminal: Bool
  public let isColoured: Bool
  /// In columns; 80 where nothing says.
  public var width: Int

  public static let plain = Style(isTerminal: false, isColoured: false)

  /// For what `output` prints.
  public static let output = Style(descriptor: STDOUT_FILENO)

  public init(isTerminal: Bool, isColoured: Bool, width: Int = 80) {
    self.isTerminal = isTerminal
    self.isColoured = isColoured
    self.width = width
  }

  init(descriptor: Int32) {
    isTerminal = isatty(descriptor) == 1
    isColoured = isTerminal && Self.wantsColour
    width = Self.width(of: descriptor)
  }

  /// Whether the terminal knows colour, and its person wants it.
  public static var wantsColour: Bool {
    let terminal = variable("TERM")
    return variable("NO_COLOR").isEmpty && !terminal.isEmpty && terminal != "dumb"
  }

  /// The width now: of a terminal that is made wider or narrower.
  public static func width(of descriptor: Int32) -> Int {
    let columns = Int(clinux_terminal_width(descriptor))
    if columns > 0 { return columns }
    if let columns = Int(variable("COLUMNS")), (1...10000).contains(columns) { return columns }
    return 80
  }

  /// The lines of a terminal now; 24 where nothing says.
  public static func height(of descriptor: Int32) -> Int {
    let lines = Int(clinux_terminal_height(descriptor))
    return lines > 0 ? lines : 24
  }

  private static func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }

  public func bold(_ text: String) -> String { painted(text, "1") }
  public func dim(_ text: String) -> String { painted(text, "2") }
  public func red(_ text: String) -> String { painted(text, "31") }
  public func green(_ text: String) -> String { painted(text, "32") }
  public func yellow(_ text: String) -> String { painted(text, "33") }
  public func cyan(_ text: String) -> String { painted(text, "36") }

  private func painted(_ text: String, _ code: String) -> String {
    isColoured && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }

  /// A line as it fits: cut on a terminal, whole where a program reads it. It is cut before it is painted.
  public func fitted(_ line: String) -> String { isTerminal ? line.cut(to: width) : line }
}
