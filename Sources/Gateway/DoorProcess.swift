import Glibc
import Spool
import Work

/// The WebSocket door: a process of its own that turns frames into entries and responses into frames, and knows the gateway only by
/// the spool.
final class DoorProcess {
  let port: UInt16
  private let child: Child
  private let attendance: Child.Attendance

  init(_ port: UInt16, _ command: Command, onWords: @escaping ([UInt8]) -> Void) throws(Failure) {
    self.port = port
    child = try Child(command)
    attendance = Child.Attendance(
      child, until: nil,
      onOutput: { piece in
        onWords(Array(piece))
        return .more
      }, onError: { onWords(Array($0)) })
  }

  deinit { child.tell(SIGTERM) }

  var polled: [pollfd] { attendance.polled }

  /// - Returns: false where it has ended.
  func attend(_ polled: ArraySlice<pollfd>) -> Bool { attendance.attend(polled) == nil }

  func stop(_ number: Int32) { child.tell(number) }
}
