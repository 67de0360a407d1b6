import Glibc
import Spool

/// A program, its arguments and its world.
public struct Command: Sendable {
  public var path: String
  public var arguments: [String]
  public var environment: [String: String]
  public var directory: String?
  /// Whether `SPINDLE_STDERR` tells it which pipe we read its stderr from (`Command.isHeard`).
  public var tellsErrorPipe = false
  /// Its umask(2); nil: ours.
  public var umask: UInt32?

  public init(
    path: String, arguments: [String], environment: [String: String], directory: String? = nil, umask: UInt32? = nil
  ) {
    self.path = path
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
    self.umask = umask
  }

  /// Whether our own stderr is the pipe that whoever started us so reads.
  public static func isHeard(_ environment: [String: String] = inheritedEnvironment()) -> Bool {
    environment["SPINDLE_STDERR"].map { $0 == identity(of: STDERR_FILENO) } ?? false
  }

  static func identity(of descriptor: Int32) -> String? {
    (try? Kernel.status(.init(rawValue: descriptor))).map { "\($0.device).\($0.inode)" }
  }

  /// Goes on as this program, in our place: with our terminal, our streams and our process ID.
  /// - Returns: why it could not be started.
  public func replaceUs() -> Failure {
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    words.append(nil)
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") }
    variables.append(nil)
    execve(path, words, variables)
    return Failure(.unavailable, path, "cannot be started: \(String(cString: strerror(errno)))")
  }

  /// Looks a program up as a shell does: a name with a slash is a path, else each directory is searched.
  /// - Returns: nil where none is executable.
  public static func find(_ name: String, in directories: [String]) throws(Failure) -> String? {
    let candidates = name.contains("/") ? [name] : directories.filter { !$0.isEmpty }.map { "\($0)/\(name)" }
    for path in candidates {
      do { if try Kernel.isProgram(path) { return path } } catch { throw Failure(error, path, "look for") }
    }
    return nil
  }

  /// `PATH` as directories.
  public static func searchPath(_ environment: [String: String]) -> [String] {
    (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").map(String.init)
  }
}

/// The environment of this process.
public func inheritedEnvironment() -> [String: String] {
  var result: [String: String] = [:]
  var next = environ
  while let entry = next.pointee {
    if let equals = strchr(entry, Int32(UInt8(ascii: "="))) {
      let name = UnsafeRawBufferPointer(start: entry, count: equals - entry)
      result[String(decoding: name, as: UTF8.self)] = String(cString: equals + 1)
    }
    next += 1
  }
  return result
}
