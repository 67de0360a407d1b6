import SystemPackage

extension Kernel {
  /// The calls that the seam knows, as tests name them.
  package enum Call: String, Sendable {
    case open, close, read, write, fsync, truncate, seek, rename, unlink, mkdir, symlink, readlink, stat, statvfs
    case flock, syncfs, lease, utimens, list
  }

  #if DEBUG
    /// Sees each call before it is made, with the name that it is about; may throw in its place.
    @TaskLocal package static var interceptor: (@Sendable (Call, String) throws(Errno) -> Void)?

    static func intercept(_ call: Call, _ name: String) throws(Errno) {
      if let interceptor { try interceptor(call, name) }
    }
  #else
    @inline(__always)
    static func intercept(_ call: Call, _ name: @autoclosure () -> String) throws(Errno) {}
  #endif
}
