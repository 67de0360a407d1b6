import Spool

/// An executable of ours that is another one than this, for the tools that start it.
public enum InstalledProgram: String {
  /// `harvest` and `memory`.
  case memory = "spindle-memory"
  /// The gateway's WebSocket door.
  case door = "spindle-door"
  /// The dashboard's server.
  case dashboard = "spindle-dashboard"

  /// - Throws: `.unavailable` where it was not installed.
  public func find() throws(Failure) -> String {
    let place = "libexec/spindle/\(rawValue)"
    guard let path = try Installation.find(place, inSource: "Sources/none") else {
      throw Failure(.unavailable, place, "is not installed", do: "bin/install installs it")
    }
    return path
  }
}
