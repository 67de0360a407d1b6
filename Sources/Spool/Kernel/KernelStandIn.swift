import Glibc
import SystemPackage

/// Another kernel in the place of the real one: the tests' simulated machine, on which the library runs as it is shipped. Each
/// call is the one of `Kernel` under the same name, and is answered with what the real kernel may answer.
package protocol KernelStandIn: AnyObject {
  func open(_ name: String, in directory: FileDescriptor?, _ flags: Int32, mode: mode_t) throws(Errno) -> FileDescriptor
  func memoryFile() throws(Errno) -> FileDescriptor
  func close(_ descriptor: FileDescriptor) throws(Errno)
  func read(_ descriptor: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int
  func write(_ descriptor: FileDescriptor, _ bytes: UnsafeRawBufferPointer) throws(Errno) -> Int
  func sync(_ descriptor: FileDescriptor) throws(Errno)
  func syncFileSystem(of descriptor: FileDescriptor) throws(Errno)
  func truncate(_ descriptor: FileDescriptor, to size: Int) throws(Errno)
  func seek(_ descriptor: FileDescriptor, to offset: Int) throws(Errno)
  func rename(
    _ from: String, in source: FileDescriptor, to: String, in target: FileDescriptor, replacing: Bool
  ) throws(Errno)
  func unlink(_ name: String, in directory: FileDescriptor, flags: Int32) throws(Errno)
  func makeDirectory(_ name: String, in directory: FileDescriptor?, mode: mode_t) throws(Errno)
  func symlink(_ target: String, as name: String, in directory: FileDescriptor) throws(Errno)
  func readLink(_ name: String, in directory: FileDescriptor?) throws(Errno) -> String
  func status(_ descriptor: FileDescriptor) throws(Errno) -> FileStatus
  func status(_ name: String, in directory: FileDescriptor) throws(Errno) -> FileStatus
  func space(_ descriptor: FileDescriptor) throws(Errno) -> FileSystemSpace
  func lock(_ descriptor: FileDescriptor, _ operation: Int32) throws(Errno)
  func leaseForReading(_ descriptor: FileDescriptor) throws(Errno)
  func setModified(_ descriptor: FileDescriptor, _ time: Timestamp) throws(Errno)
  func list(_ directory: FileDescriptor) throws(Errno) -> [String]
  func mayAccess(_ path: String, _ mode: Int32) -> Bool

  func now() -> Timestamp
  func uptime() -> Int64
  func random() -> UInt64
  var processID: Int32 { get }

  /// A watch on directories, for `sleep`.
  func watch(_ directories: [FileDescriptor]) -> Int
  /// Sleeps until a watched directory changes, a signal arrives, or the time is over; nil: without end.
  func sleep(atMost limit: Duration?, watch: Int?)
  /// The next signal that has arrived and was not asked for yet.
  func pendingSignal() -> Int32?

  /// Starts a program whose descriptor 0 is `input` and 9 is `lock`; it dies with its parent.
  func spawn(
    _ path: String, arguments: [String], environment: [String: String], input: FileDescriptor?, lock: FileDescriptor?
  ) throws(Errno) -> Int32
  /// Waits for a program's end, and ends it at the deadline (uptime in ns) or when we are asked to stop.
  func wait(for process: Int32, until deadline: Int64?) -> SimulatedEnd
}

/// How a program ended that a stand-in ran.
package struct SimulatedEnd {
  /// As `waitpid` gives it.
  package var status: Int32 = 0
  package var timedOut = false
  package var stoppedBy: Int32?
  package var output: [UInt8] = []
  package init() {}
}

extension Kernel {
  /// Nil but in a simulation, which is one thread that runs nothing else.
  package nonisolated(unsafe) static var standIn: (any KernelStandIn)?
}
