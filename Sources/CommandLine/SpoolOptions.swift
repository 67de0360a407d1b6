import ArgumentParser
import Glibc
import Spool

/// What every tool takes.
public struct SpoolOptions: ParsableArguments {
  @Option(
    name: [.customShort("C"), .customLong("spool")],
    help: ArgumentHelp("The spool directory.", discussion: "Default: $SPOOL_DIR, else ~/spool.", valueName: "dir"))
  public var directory: String?

  @Flag(name: .shortAndLong, help: "Print no IDs.")
  public var quiet = false

  @Flag(name: .shortAndLong, help: "Say more on stderr.")
  public var verbose = false

  public init() {}

  /// The spool's path: `-C`, else `$SPOOL_DIR`, else `~/spool`.
  public func path() throws -> String { try directory ?? Self.defaultPath() }

  private static func defaultPath() throws -> String {
    if let variable = getenv("SPOOL_DIR"), variable.pointee != 0 { return String(cString: variable) }
    guard let home = getenv("HOME"), home.pointee != 0 else {
      throw Failure(.configuration, "SPOOL_DIR", "neither SPOOL_DIR nor HOME is set", do: "set SPOOL_DIR")
    }
    return String(cString: home) + "/spool"
  }

  /// Opens the spool, made at first use.
  public func open(as tool: String) throws -> SpoolDirectory { try Self.open(path(), as: tool) }

  /// - Parameter path: nil: where it lies without `-C`.
  public static func open(_ path: String?, as tool: String) throws -> SpoolDirectory {
    let path = try path ?? defaultPath()
    let spool = try SpoolDirectory(path: path, tool: tool) { complain("\(tool): \($0.printable)") }
    spool.onMade = Readmes.put
    try Skeleton.fill(spool)
    return spool
  }
}

/// A span of time such as `90s`, `20m`, `4h`, `1d`.
public struct Span: ExpressibleByArgument, Sendable {
  public var duration: Duration
  private let text: String

  public init?(argument: String) {
    guard let duration = Duration(argument) else { return nil }
    self.duration = duration
    text = argument
  }

  public var defaultValueDescription: String { text }
}
