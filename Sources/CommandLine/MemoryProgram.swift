import Spool

/// The tool `memory`, for the tools that hand it on.
public enum MemoryProgram {
  /// - Throws: `.unavailable` where it was not installed.
  public static func find() throws(Failure) -> String {
    let place = "libexec/spindle/spindle-memory"
    guard let path = try Installation.find(place, inSource: "Sources/none") else {
      throw Failure(.unavailable, place, "is not installed", do: "bin/install installs it")
    }
    return path
  }
}
