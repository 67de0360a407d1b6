import Glibc
import Spool

/// What a name leads to on the simulated disk, with all that a power cut may make of it.
final class Inode {
  enum Kind { case file, directory, link }

  /// Where it lies, or lay; nowhere before it was made and after it was removed.
  struct Place {
    unowned(unsafe) var directory: Inode?
    var name: String
    var changed: Timestamp
    /// Of the two inodes that a replacing rename moves at once: neither survives a power cut without the other.
    var twin: Int?
  }

  let number: UInt64
  let kind: Kind
  let mode: mode_t
  var owner: uid_t = geteuid()
  /// Every place since the last one that is durable: a power cut leaves it at any of them. The last is where it is.
  var history: [Place]
  var modified: Timestamp
  var changed: Timestamp

  // A file: its bytes now, those that a power cut keeps, and whether the kernel has dropped pages that it could not write:
  // then a later fsync says that all is well, and it is not.
  var content: [UInt8] = []
  var stored: [UInt8]? = []
  var lostPages = false
  var writers = 0
  unowned(unsafe) var holder: OpenFile?

  // A directory: what lies in it now, and what has come or gone since its last fsync.
  var children: [String: Inode] = [:]
  var unsynced: [Inode] = []

  /// A link's.
  var target = ""

  init(number: UInt64, kind: Kind, mode: mode_t, time: Timestamp, place: Place) {
    self.number = number
    self.kind = kind
    self.mode = mode
    modified = time
    changed = time
    history = [Place(directory: nil, name: "", changed: time), place]
  }

  var place: Place { history[history.count - 1] }
  var links: UInt64 { place.directory == nil ? 0 : kind == .directory ? 2 : 1 }
  var isDurable: Bool { history.count == 1 && (kind != .file || stored == content) }

  var path: String {
    guard let directory = place.directory else { return "(removed) \(place.name)" }
    return directory === self ? "" : directory.path + "/" + place.name
  }

  var status: FileStatus {
    let type: mode_t =
      switch kind {
      case .file: S_IFREG
      case .directory: S_IFDIR
      case .link: S_IFLNK
      }
    return FileStatus(
      device: 1, inode: number, mode: type | mode, links: links, owner: owner, size: content.count, modified: modified,
      changed: changed)
  }
}

/// An open file, shared by the processes that inherited it.
final class OpenFile {
  let inode: Inode
  let appends: Bool
  let writes: Bool
  var offset = 0
  var references = 1

  init(_ inode: Inode, appends: Bool, writes: Bool) {
    self.inode = inode
    self.appends = appends
    self.writes = writes
    if writes { inode.writers += 1 }
  }

  func release() {
    references -= 1
    guard references == 0 else { return }
    if writes { inode.writers -= 1 }
    if inode.holder === self { inode.holder = nil }
  }
}
