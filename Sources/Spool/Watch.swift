import CInotifyTools
import CLinux
import Glibc

/// Sleeps until something may have changed. An event is a hint, the directory is the truth: watch first, then
/// scan, then sleep; then scan again.
///
/// libinotifytools keeps its one instance in a global, so there is one watch in a process.
public final class Watch {
  public enum Wake: Equatable, Sendable {
    /// Something moved, or enough time has passed; look again.
    case look
    case signal(Int32)
    /// A watched directory was removed, moved or unmounted.
    case gone(String)
  }

  /// Nothing is believed for longer than this without a look.
  static let longestSleep = Duration.seconds(60)

  /// What is worth waking for.
  public enum Interest: Sendable {
    /// A file has landed, was closed after writing, or its time was changed.
    case arrivals
    /// A file has grown, or another has taken its place.
    case writes
  }

  private let directories: [Directory]
  /// Nil where no inotify instance could be had: then it looks each second.
  private var descriptor: Int32?
  private let signals: Int32
  /// The simulated machine's watch, in its tests.
  private let simulated: Int?
  /// The directories' times, where we are blind.
  private var seen: [Timestamp] = []
  /// Whether something may have changed since this was last set to false: after a wake by other descriptors it says more.
  package var hasFired = false
  /// A name that somebody waits for.
  package var awaited: String?
  /// Whether a file of this name has come since this was last set to false.
  package var hasCome = false

  /// Whether the names of what comes are kept, for who waits for many.
  package var keepsNames = false {
    didSet { _ = takeNames() }
  }
  private var names: Set<String>?
  private var places: Set<String>?

  /// - Parameter notice: told once where inotify cannot be had.
  public init(_ directories: [Directory], notice: (String) -> Void, events: Interest = .arrivals) {
    self.directories = directories
    simulated = Kernel.standIn?.watch(directories.map(\.descriptor))
    if simulated != nil {
      (descriptor, signals) = (nil, -1)
      return
    }
    signals = clinux_signal_descriptor()
    descriptor = Self.start(directories.map(\.path), events)
    if descriptor == nil {
      notice("inotify: no instance to be had: looking each second; raise fs.inotify.max_user_instances")
    }
  }

  deinit { end() }

  /// Gives the process's one instance back, so that another watch may have it; this one must not be used again.
  package func end() {
    if descriptor != nil {
      inotifytools_cleanup()
      if Self.kept >= 0 { Self.keepPlace() }
    }
    descriptor = nil
  }

  /// The library waits with select(2), which aborts at a descriptor beyond these.
  private static let limit = 1024
  /// Held open in place of an instance.
  nonisolated(unsafe) private static var kept: Int32 = -1

  /// For who opens very many files: called before that, it keeps a descriptor that an instance can have.
  package static func keepPlace() { kept = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC) }

  /// - Returns: the descriptor of the library's one instance; nil: none is to be had.
  static func makeInstance() -> Int32? {
    // The library does not tell its descriptor: it is the lowest free one, and not close-on-exec.
    if kept >= 0 { Glibc.close(kept) }
    let probe = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
    guard probe >= 0 else { return nil }
    Glibc.close(probe)
    guard probe < limit, inotifytools_initialize() != 0 else { return nil }
    guard (try? Kernel.readLink("/proc/self/fd/\(probe)", in: nil)) == "anon_inode:inotify" else {
      inotifytools_cleanup()
      return nil
    }
    _ = fcntl(probe, F_SETFD, FD_CLOEXEC)
    return probe
  }

  private static func start(_ paths: [String], _ interest: Interest) -> Int32? {
    guard let instance = makeInstance() else { return nil }
    let hints = interest == .writes ? IN_MODIFY | IN_CREATE | IN_MOVED_TO : IN_MOVED_TO | IN_CLOSE_WRITE | IN_ATTRIB
    let events = hints | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW
    for path in paths where inotifytools_watch_file(path, Int32(bitPattern: UInt32(events))) == 0 {
      inotifytools_cleanup()
      return nil
    }
    return instance
  }

  /// Hears nothing more. The kernel takes some milliseconds to give up what was watched: begun early, the end need not wait for that.
  package func dismiss() {
    if descriptor != nil { for directory in directories { inotifytools_remove_watch_by_filename(directory.path) } }
  }

  /// - Parameter limit: at most this long; nil: until an event, or a minute.
  public func wait(atMost limit: Duration?) -> Wake {
    var none: [pollfd] = []
    return wait(atMost: limit, or: &none)
  }

  /// - Parameter others: descriptors that wake as well; their `revents` say which.
  package func wait(atMost limit: Duration?, or others: inout [pollfd]) -> Wake {
    let pause = pause(atMost: limit)
    if let standIn = Kernel.standIn {
      standIn.sleep(atMost: pause, watch: simulated)
      hasFired = true
      hasCome = true
      return standIn.pendingSignal().map { .signal($0) } ?? .look
    }
    let end =
      Kernel.uptime() + (isBlind ? min(limit ?? Self.longestBlindness, Self.longestBlindness) : pause).nanoseconds
    var polled = polled + others
    while true {
      // Rounded up: waking just before the time would spin.
      let rest = isBlind ? min(pause.nanoseconds, max(0, end - Kernel.uptime())) : pause.nanoseconds
      let count = poll(&polled, nfds_t(polled.count), Int32(max(0, (rest + 999_999) / 1_000_000)))
      // Blind, we see at least whether something has come into a directory or gone from it.
      if isBlind && count == 0 && Kernel.uptime() < end && isStill() { continue }
      others = Array(polled[2...])
      return wake(polled[..<2])
    }
  }

  /// For so long at most one who cannot be told of what changes goes by the times of the directories: what happens to a file that
  /// lies there already does not show in them.
  private static let longestBlindness = Duration.seconds(20)
  /// A directory's time goes by the kernel's tick: what happens within one of them may not show.
  private static let tick = Duration.milliseconds(50)

  private var isBlind: Bool { descriptor == nil && simulated == nil }

  /// Whether no directory has changed since this was last asked, as far as their times tell.
  private func isStill() -> Bool {
    let now = Kernel.now()
    let times = directories.map { (try? $0.file.status().modified) ?? now }
    let isOld = times.allSatisfy { now - $0 > Self.tick }
    defer { seen = isOld ? times : [] }
    return isOld && times == seen
  }

  /// For who waits by other means than `wait`: what to poll for, a signal to us included.
  package var polled: [pollfd] {
    [signals, descriptor ?? -1].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
  }

  /// For how long to wait, where `limit` is what others would wait for.
  package func pause(atMost limit: Duration?) -> Duration {
    let pause = min(limit ?? Self.longestSleep, Self.longestSleep)
    return isBlind ? min(pause, .milliseconds(Int.random(in: 900...1100))) : pause
  }

  /// What it was that woke us.
  /// - Parameter polled: what `polled` asked for, as poll(2) left it.
  package func wake(_ polled: ArraySlice<pollfd>) -> Wake {
    let (signalled, events) = (polled[polled.startIndex], polled[polled.startIndex + 1])
    if events.revents != 0 || descriptor == nil { hasFired = true }
    if let number = Self.pendingSignal(signalled) { return .signal(number) }
    if events.revents != 0, let path = drain() { return .gone(path) }
    // Held open as it is, a directory's removal makes no event, nor does a move of what lies above it.
    if let gone = directories.first(where: { !$0.isWhereItWas }) { return .gone(gone.path) }
    return .look
  }

  /// More are no use: to look at everything then costs no more than to look at each.
  private static let mostNames = 10_000

  /// The names that have come since this was last asked; nil: look at everything, for nobody can tell.
  package func takeNames() -> Set<String>? {
    defer { names = keepsNames && descriptor != nil ? [] : nil }
    return names
  }

  private func keepName(_ event: UnsafeMutablePointer<inotify_event>) {
    guard names != nil else { return }
    if event.pointee.mask & UInt32(IN_Q_OVERFLOW) != 0 || names!.count == Self.mostNames {
      names = nil
    } else if let name = Self.name(event) {
      names!.insert(name)
    }
  }

  /// The paths of the directories in which something may have changed since this was last asked; nil: in any of them, for nobody
  /// can tell.
  package func takePlaces() -> Set<String>? {
    defer { places = descriptor == nil ? nil : [] }
    return places
  }

  private func keepPlace(_ event: UnsafeMutablePointer<inotify_event>) {
    guard places != nil else { return }
    if event.pointee.mask & UInt32(IN_Q_OVERFLOW) == 0, let path = inotifytools_filename_from_wd(event.pointee.wd) {
      let path = String(cString: path)
      places!.insert(path.hasSuffix("/") ? String(path.dropLast()) : path)
    } else {
      places = nil
    }
  }

  /// Takes all events; returns the path of a watched directory that is gone.
  private func drain() -> String? {
    var gone: String?
    while let event = inotifytools_next_events(0, 1) {
      let mask = Int32(bitPattern: event.pointee.mask)
      keepName(event)
      keepPlace(event)
      if awaited != nil && !hasCome { hasCome = Self.name(event) == awaited }
      if mask & (Int32(IN_DELETE_SELF) | Int32(IN_MOVE_SELF) | Int32(IN_UNMOUNT)) != 0 {
        gone = inotifytools_filename_from_wd(event.pointee.wd).map { String(cString: $0) } ?? directories.first?.path
      }
    }
    return gone
  }

  /// The name stands behind the event.
  static func name(_ event: UnsafeMutablePointer<inotify_event>) -> String? {
    guard event.pointee.len > 0 else { return nil }
    return String(
      cString: (UnsafeRawPointer(event) + MemoryLayout<inotify_event>.size).assumingMemoryBound(to: CChar.self))
  }

  private static func pendingSignal(_ polled: pollfd) -> Int32? {
    guard polled.revents & Int16(POLLIN) != 0 else { return nil }
    var number: UInt8 = 0
    return read(polled.fd, &number, 1) == 1 ? Int32(number) : nil
  }
}

extension Failure {
  /// A queue's directory went away under a watch.
  public static func removed(_ path: String) -> Failure {
    Failure(.unavailable, path, "the directory was removed, moved or unmounted", do: "bring it back, then start again")
  }
}
