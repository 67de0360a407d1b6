import CInotifyTools
import CLinux
import Glibc

/// Sleeps until a file below some directories is written, comes or goes. An event is a hint, the directories are the truth: a directory
/// is added first, and then listed.
///
/// libinotifytools keeps its one instance in a global, so there is one watch in a process.
package final class TreeWatch {
  /// What may have changed.
  package struct Changes {
    /// Files, by their paths.
    package var files: Set<String> = []
    /// A directory came, went or was renamed, or more has happened than was told: all is to be looked at, and all directories are to
    /// be added anew.
    package var isAll = false

    package init(isAll: Bool = false) { self.isAll = isAll }
  }

  private var descriptor: Int32?
  private var watched: Set<String> = []
  /// Not all directories could be watched: then all is looked at now and then.
  private var isBlind = false
  private let notice: (String) -> Void

  /// What nobody tells is found after this at the latest.
  private static let longestSleep = Duration.seconds(60)
  private static let longestBlindSleep = Duration.seconds(1)

  /// - Parameter notice: told once where inotify cannot be had, or not for all.
  package init(notice: @escaping (String) -> Void) {
    self.notice = notice
    start()
  }

  deinit { if descriptor != nil { inotifytools_cleanup() } }

  private func start() {
    descriptor = Watch.makeInstance()
    if descriptor == nil {
      goBlind("inotify: no instance to be had: looking each second; raise fs.inotify.max_user_instances")
    }
  }

  private func goBlind(_ why: String) {
    if !isBlind { notice(why) }
    isBlind = true
  }

  /// Forgets all directories: where one was renamed, its watch tells old names.
  package func restart() {
    watched = []
    if descriptor == nil { return }
    inotifytools_cleanup()
    start()
  }

  package func add(_ directory: Directory) {
    guard descriptor != nil, watched.insert(directory.path).inserted else { return }
    let events =
      IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR
      | IN_DONT_FOLLOW
    if inotifytools_watch_file(directory.path, Int32(bitPattern: UInt32(events))) == 0,
      inotifytools_error() == ENOSPC
    {
      goBlind("inotify: no more watches to be had: looking each second; raise fs.inotify.max_user_watches")
    }
  }

  /// - Parameter others: what wakes as well, with its `revents`.
  package func wait(or others: [pollfd]) -> Changes {
    let pause = isBlind ? Self.longestBlindSleep : Self.longestSleep
    var polled = [pollfd(fd: descriptor ?? -1, events: Int16(POLLIN), revents: 0)] + others
    let count = poll(&polled, nfds_t(polled.count), Int32(pause.nanoseconds / 1_000_000))
    var changes = Changes()
    if count == 0 { changes.isAll = true }
    if polled[0].revents != 0 { drain(into: &changes) }
    return changes
  }

  private func drain(into changes: inout Changes) {
    while let event = inotifytools_next_events(0, 1) {
      let mask = event.pointee.mask
      let ofDirectory =
        UInt32(IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT | IN_Q_OVERFLOW) | UInt32(IN_ISDIR)
      if mask & ofDirectory != 0 {
        changes.isAll = true
      } else if let name = Watch.name(event), let directory = inotifytools_filename_from_wd(event.pointee.wd) {
        let path = String(cString: directory)
        changes.files.insert(path.hasSuffix("/") ? path + name : path + "/" + name)
      }
    }
  }
}
