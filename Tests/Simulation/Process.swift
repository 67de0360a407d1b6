import Coroutine
import Spool

/// A process of the simulated machine: the library's own code on a coroutine.
final class Process {
  enum State {
    case ready
    case sleeping(until: Int64, watch: Int?)
    case waiting(for: Process, until: Int64?)
    case locking(Inode)
  }

  let id: Int32
  let role: String
  /// They die with it.
  var children: [Process] = []
  var descriptors: [Int32: OpenFile] = [:]
  var state = State.ready
  var signals: [Int32] = []
  /// The directories of each watch, and whether one has changed since it was last asked.
  var watches: [(directories: [Inode], hasFired: Bool)] = []
  /// Killed: from now on each of its system calls fails and does nothing, until its code has returned.
  var isDead = false
  var hasEnded = false
  /// As waitpid tells it.
  var status: Int32 = 0
  var output: [UInt8] = []
  /// Gone once it has ended: it holds what holds us.
  private var body: ((Process) -> Void)?
  private var coroutine: OpaquePointer?

  init(id: Int32, role: String, body: @escaping (Process) -> Void) {
    self.id = id
    self.role = role
    self.body = body
  }

  /// Runs on until it yields or has ended.
  func resume() {
    if coroutine == nil {
      coroutine = coroutine_make(
        { context in
          let process = Unmanaged<Process>.fromOpaque(context!).takeUnretainedValue()
          process.body?(process)
        }, Unmanaged.passUnretained(self).toOpaque())
    }
    if coroutine_resume(coroutine) == 0 {
      hasEnded = true
      body = nil
      coroutine_free(coroutine)
      coroutine = nil
    }
  }

  func open(_ inode: Inode, appends: Bool = false, writes: Bool = false) -> Int32 {
    var number: Int32 = 3
    while descriptors[number] != nil { number += 1 }
    descriptors[number] = OpenFile(inode, appends: appends, writes: writes)
    return number
  }

  func closeAll() {
    for file in descriptors.values { file.release() }
    descriptors = [:]
  }

  var label: String { "\(role).\(id)" }
}
