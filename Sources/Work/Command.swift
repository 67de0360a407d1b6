import Glibc
import Spool

/// A program, its arguments and its world.
public struct Command: Sendable {
  public var path: String
  public var arguments: [String]
  public var environment: [String: String]
  public var directory: String?

  public init(path: String, arguments: [String], environment: [String: String], directory: String? = nil) {
    self.path = path
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
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
