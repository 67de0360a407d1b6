import Spool

/// The WebSocket door, for the gateway that opens it.
public enum DoorProgram {
  /// - Throws: `.unavailable` where it was not installed.
  public static func find() throws(Failure) -> String {
    let place = "libexec/spindle/spindle-door"
    guard let path = try Installation.find(place, inSource: "Sources/none") else {
      throw Failure(.unavailable, place, "is not installed", do: "bin/install installs it")
    }
    return path
  }
}
