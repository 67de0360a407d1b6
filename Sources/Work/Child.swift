import CLinux
import Glibc
import Spool

/// A command that runs in a process group of its own, holds our claim's lock with us, and dies with us.
///
/// One thread, one poll(2) (`Attendance`): output is read as it comes, the deadline and our own signals are obeyed, and when
/// `run` returns nothing of the group is alive, but where it leaves others.
public final class Child {
  /// How it ended.
  public struct Outcome: Sendable {
    public enum End: Equatable, Sendable {
      case exited(Int32)
      case killed(Int32)
    }
    public var end: End
    /// The deadline passed, and we ended it.
    public var timedOut = false
    /// We were asked to stop by this signal, and ended it.
    public var stoppedBy: Int32?
    /// The reader said that it has had enough, and we ended it.
    public var dismissed = false

    public init(end: End) { self.end = end }

    public var succeeded: Bool { end == .exited(0) && !timedOut && stoppedBy == nil }

    /// As a shell would say it.
    public var status: ExitStatus {
      if timedOut { return .timedOut }
      switch end {
      case .exited(let code): return ExitStatus(rawValue: code)
      case .killed(let number): return .signal(number)
      }
    }

    /// Whether it may be tried again. Everywhere the same rule: 75, 74, death by signal and the death timer are; all else is final.
    public var isTransient: Bool {
      if timedOut { return true }
      switch end {
      case .killed: return true
      case .exited(let code): return code == ExitStatus.tryAgain.rawValue || code == ExitStatus.io.rawValue
      }
    }

    /// For a person.
    public var spoken: String {
      if timedOut { return "ran out of time" }
      if let stoppedBy { return "stopped by signal \(stoppedBy)" }
      switch end {
      case .exited(0): return "done"
      case .exited(let code): return "exit \(code)"
      case .killed(let number): return "killed by signal \(number)"
      }
    }
  }

  /// What a reader of stdout says after each piece.
  public enum Appetite { case more, enough }

  /// How long a process may take to end after SIGTERM before SIGKILL: what the agents need to end their
  /// own children and write their transcript.
  public static let grace = Duration.seconds(5)

  let process: pid_t
  let pidDescriptor: Int32
  /// Whether what it has started may live on when it has ended by itself.
  public var leavesOthers = false
  /// Whether it may even when we have ended it: its owner then ends them, by `endOthers`.
  public var leavesOthersWhenStopped = false
  var output: Int32
  var error: Int32

  /// - Parameters:
  ///   - input: read from its current position; nil: `/dev/null`.
  ///   - output: what it writes to, without passing through us; nil: a pipe to `onOutput`.
  ///   - lock: handed down as descriptor 9, or as `SPINDLE_LOCK_FD` says where the command keeps our descriptors.
  /// - Throws: where it cannot be started, with the kernel's word.
  package init(_ command: Command, input: File? = nil, output target: File? = nil, lock: File? = nil) throws(Failure) {
    if let standIn = Kernel.standIn {
      (output, error, pidDescriptor) = (-1, -1, -1)
      process = try Self.simulated(standIn, command, input: input, lock: lock)
      return
    }
    let outputs = target == nil ? Self.pipe() : nil
    guard target != nil || outputs != nil else { throw Self.shortage(command) }
    guard let errors = Self.pipe() else {
      Self.close(outputs)
      throw Self.shortage(command)
    }
    var command = command
    if command.tellsErrorPipe { command.environment["SPINDLE_STDERR"] = Command.identity(of: errors.write) }
    let process = Self.spawn(
      command, input: input?.descriptor.rawValue ?? -1, output: outputs?.write ?? target!.descriptor.rawValue,
      error: errors.write, lock: lock)
    let failed = errno
    guard process > 0 else {
      Self.close(outputs)
      Self.close(errors)
      throw Self.failure(command, failed)
    }
    if let outputs { Glibc.close(outputs.write) }
    Glibc.close(errors.write)
    self.process = process
    output = outputs?.read ?? -1
    error = errors.read
    pidDescriptor = clinux_pidfd_open(process)
    guard pidDescriptor >= 0 else {
      // Without it nobody would notice its end. It has begun already, and may be done.
      kill(-process, SIGKILL)
      _ = Self.reap(process)
      var failure = Self.shortage(command)
      failure.mayHaveHappened = true
      throw failure
    }
    _ = fcntl(pidDescriptor, F_SETFD, FD_CLOEXEC)
  }

  /// Starts a process that shares our standard streams and dies with us; the caller waits for it.
  public static func startDetached(_ command: Command) throws(Failure) -> pid_t {
    let process = spawn(command, input: 0, output: 1, error: 2, lock: nil)
    if process < 0 { throw failure(command, errno) }
    return process
  }

  /// Starts a process that lives on when we have ended, in a session of its own and without our streams: who waits for the end of
  /// what we print does not wait for it. It sees to its own end.
  public static func startOnItsOwn(_ command: Command) throws(Failure) -> pid_t {
    let process = spawn(command, input: -1, output: -1, error: -1, lock: nil, outlives: true)
    if process < 0 { throw failure(command, errno) }
    return process
  }

  /// The same with something to read, our stderr as its stdout and stderr, and a lock that is its own when we have ended.
  package static func startOnItsOwn(_ command: Command, input: File, lock: File?) throws(Failure) -> pid_t {
    let process = spawn(
      command, input: input.descriptor.rawValue, output: STDERR_FILENO, error: STDERR_FILENO, lock: lock, outlives: true
    )
    if process < 0 { throw failure(command, errno) }
    return process
  }

  deinit { for open in [output, error, pidDescriptor] where open >= 0 { Glibc.close(open) } }

  /// Runs it to its end.
  /// - Parameters:
  ///   - wholeTree: also ends processes that left the group; ours must then be the only children.
  ///   - patience: how long it may live on after the reader has had enough.
  ///   - isFinishing: whether it goes on to its end though we are asked to stop; that is then to be asked for behind it.
  public func run(
    until deadline: Deadline?, wholeTree: Bool = false, patience: Duration = .seconds(5), isFinishing: Bool = false,
    onOutput: (ArraySlice<UInt8>) -> Appetite, onError: (ArraySlice<UInt8>) -> Void
  ) -> Outcome {
    if let standIn = Kernel.standIn { return runSimulated(standIn, until: deadline, onOutput) }
    return withoutActuallyEscaping(onOutput) { onOutput in
      withoutActuallyEscaping(onError) { onError in
        let attendance = Attendance(
          self, until: deadline, wholeTree: wholeTree, patience: patience, onOutput: onOutput, onError: onError)
        while true {
          var polled = attendance.polled
          if isFinishing {
            poll(&polled, nfds_t(polled.count), Signals.milliseconds(attendance.due?.remaining))
          } else {
            Signals.wait(atMost: attendance.due?.remaining, or: &polled)
          }
          reapOrphans()
          if !isFinishing, !attendance.isStopping, let number = Signals.pending() { attendance.stop(number) }
          if let outcome = attendance.attend(polled[...]) { return outcome }
        }
      }
    }
  }

  /// Runs it to its end, and keeps what it printed, up to a limit in bytes.
  public func collect(until deadline: Deadline?, limit: Int = 1 << 20) -> (
    outcome: Outcome, output: [UInt8], error: [UInt8]
  ) {
    var output: [UInt8] = []
    var error: [UInt8] = []
    let outcome = run(until: deadline) { piece in
      output += piece.prefix(limit - output.count)
      return .more
    } onError: { piece in
      error += piece.prefix(limit - error.count)
    }
    return (outcome, output, error)
  }

  private static func spawn(
    _ command: Command, input: Int32, output: Int32, error: Int32, lock: File?, outlives: Bool = false
  ) -> pid_t {
    var environment = command.environment
    var lockNumber = lock?.descriptor.rawValue ?? -1
    if command.keepsDescriptors && lockNumber >= 0 {
      lockNumber = fcntl(lockNumber, F_DUPFD_CLOEXEC, 20)
      if lockNumber < 0 { return -1 }
    }
    defer { if command.keepsDescriptors && lockNumber >= 0 { Glibc.close(lockNumber) } }
    environment["SPINDLE_LOCK_FD"] = lock == nil ? nil : command.keepsDescriptors ? String(lockNumber) : "9"
    return withCStrings(command.arguments) { arguments in
      withCStrings(environment.map { "\($0.key)=\($0.value)" }.sorted()) { variables in
        command.path.withCString { path in
          func spawn(_ directory: UnsafePointer<CChar>?) -> pid_t {
            var request = clinux_command(
              path: path, arguments: arguments, environment: variables, directory: directory, input: input,
              output: output, error: error, lock: lockNumber, outlives: outlives ? 1 : 0,
              mask: command.umask.map { Int32($0) } ?? -1, keeps: command.keepsDescriptors ? 1 : 0)
            return clinux_spawn(&request)
          }
          return command.directory.map { $0.withCString { spawn($0) } } ?? spawn(nil)
        }
      }
    }
  }

  static func shortage(_ command: Command) -> Failure {
    Failure(
      .tryAgain, command.path, "no more file descriptors, processes or memory",
      do: "try again later, or raise the limit")
  }

  static func failure(_ command: Command, _ number: Int32) -> Failure {
    if [EMFILE, ENFILE, EAGAIN, ENOMEM].contains(number) { return shortage(command) }
    var failure = Failure(.unavailable, command.path, "cannot be started: \(String(cString: strerror(number)))")
    failure.errno = .init(rawValue: number)
    if number == E2BIG { failure.advice = "its arguments are too long; give text on stdin or as a file" }
    return failure
  }

  /// A pipe to a child's standard input, for `Child.init`: what it reads, and our end, which does not block.
  package static func inputPipe() -> (input: File, end: Int32)? {
    var ends: [Int32] = [-1, -1]
    guard clinux_pipe(&ends) == 0 else { return nil }
    _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
    return (File.owning(ends[0], path: "a pipe"), ends[1])
  }

  /// How many bytes lie in a pipe, unread.
  package static func unreadBytes(in pipe: File) -> Int {
    var count: Int32 = 0
    return ioctl(pipe.descriptor.rawValue, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
  }

  private static func close(_ pipe: (read: Int32, write: Int32)?) {
    guard let pipe else { return }
    Glibc.close(pipe.read)
    Glibc.close(pipe.write)
  }

  private static func pipe() -> (read: Int32, write: Int32)? {
    var ends: [Int32] = [-1, -1]
    guard clinux_pipe(&ends) == 0 else { return nil }
    // Only our end: a command that finds O_NONBLOCK on its stdout fails in surprising ways.
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    return (ends[0], ends[1])
  }

  /// The next piece; nil where there is none now, or no more.
  static func read(_ descriptor: inout Int32, _ buffer: inout [UInt8]) -> ArraySlice<UInt8>? {
    guard descriptor >= 0 else { return nil }
    let count = Glibc.read(descriptor, &buffer, buffer.count)
    if count > 0 { return buffer[..<count] }
    if count < 0 && (errno == EAGAIN || errno == EINTR) { return nil }
    Glibc.close(descriptor)
    descriptor = -1
    return nil
  }

  /// Whether anybody can still print something to us.
  public var isHeard: Bool { output >= 0 || error >= 0 }

  /// Sends it, and nobody else, a signal; when it ends is its own affair.
  public func tell(_ number: Int32) { kill(process, number) }

  /// Where others were left: takes what they print, for at most so long, or until a signal comes.
  public func hearOthers(
    atMost limit: Duration, onOutput: (ArraySlice<UInt8>) -> Void, onError: (ArraySlice<UInt8>) -> Void
  ) {
    var polled = [output, error].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    Signals.wait(atMost: limit, or: &polled)
    var buffer = [UInt8](repeating: 0, count: 65536)
    if polled[0].revents != 0 { while let piece = Self.read(&output, &buffer) { onOutput(piece) } }
    if polled[1].revents != 0 { while let piece = Self.read(&error, &buffer) { onError(piece) } }
  }

  /// Where others were left: whether anything of its group lives. As a subreaper we are the parent of all of it.
  public var othersLive: Bool {
    while true {
      let ended = waitpid(-process, nil, WNOHANG)
      if ended == 0 { return true }
      if ended < 0 && errno != EINTR { return false }
    }
  }

  /// Where others were left: ends what is left of its group.
  public func endOthers(_ number: Int32 = SIGKILL) { if othersLive { kill(-process, number) } }

  /// From now on what our children leave behind is ours to wait for.
  public static func adoptOrphans() {
    _ = clinux_become_subreaper()
    adopts = true
  }

  nonisolated(unsafe) private static var adopts = false

  /// What we have adopted and has ended, but not this child.
  func reapOrphans() {
    guard Self.adopts else { return }
    while true {
      var information = siginfo_t()
      guard waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) == 0 else { return }
      let ended = clinux_pid(&information)
      if ended == 0 || ended == process { return }
      waitpid(ended, nil, WNOHANG)
    }
  }

  static func reap(_ process: pid_t) -> Outcome.End {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    return end(of: status)
  }

  /// What `waitpid` says, in words.
  static func end(of status: Int32) -> Outcome.End {
    let number = status & 0x7F
    return number == 0 ? .exited((status >> 8) & 0xFF) : .killed(number)
  }

  /// As a subreaper we are the parent of every orphan below us: end them, and those that this orphans.
  static func killDescendants(but child: pid_t) {
    // Each round ends a generation; a fork bomb does not make us stay for ever.
    for _ in 0..<1000 {
      let orphans = children().filter { $0 != child }
      if orphans.isEmpty { return }
      for orphan in orphans { kill(orphan, SIGKILL) }
      for orphan in orphans { while waitpid(orphan, nil, 0) < 0 && errno == EINTR {} }
    }
  }

  private static func children() -> [pid_t] {
    let descriptor = open("/proc/self/task/\(getpid())/children", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { Glibc.close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = Glibc.read(descriptor, &buffer, buffer.count)
    guard count > 0 else { return [] }
    return String(decoding: buffer[..<count], as: UTF8.self).split(separator: " ").compactMap { pid_t($0) }
  }

  private static func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
  }
}
