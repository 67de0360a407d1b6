import Glibc
import Spool
import SystemPackage

/// A file system in memory that keeps after a power cut only what was flushed, and of the rest whatever is worst: every inode
/// lies, independently of the others, at any place where it was since the last one that an fsync of a directory made durable;
/// bytes that were not fsynced are garbage. That is deliberately weaker than ext4, xfs and btrfs, and the failure model of the
/// exhaustive check in the design (spool_model.py).
final class Disk {
  let root: Inode
  private(set) var inodes: [Inode] = []
  private var twins = 0

  init(time: Timestamp) {
    root = Inode(
      number: 2, kind: .directory, mode: 0o755, time: time,
      place: Inode.Place(directory: nil, name: "", changed: time))
    root.history = [Inode.Place(directory: root, name: "", changed: time)]
    inodes = [root]
  }

  /// Cuts the circles of parents and children.
  func dismantle() {
    for inode in inodes {
      inode.children = [:]
      inode.unsynced = []
      inode.history = []
    }
  }

  func make(_ kind: Inode.Kind, _ name: String, in directory: Inode, mode: mode_t, time: Timestamp) throws(Errno)
    -> Inode
  {
    guard directory.links > 0 else { throw .noSuchFileOrDirectory }
    guard directory.children[name] == nil else { throw .fileExists }
    let place = Inode.Place(directory: directory, name: name, changed: time)
    let inode = Inode(number: UInt64(inodes.count + 11), kind: kind, mode: mode, time: time, place: place)
    inodes.append(inode)
    directory.children[name] = inode
    directory.unsynced.append(inode)
    directory.modified = time
    return inode
  }

  func rename(
    _ name: String, in source: Inode, to newName: String, in target: Inode, replacing: Bool, time: Timestamp
  ) throws(Errno) {
    guard let inode = source.children[name], target.links > 0 else { throw .noSuchFileOrDirectory }
    var twin: Int?
    if let old = target.children[newName] {
      guard replacing else { throw .fileExists }
      if old === inode { return }
      twins += 1
      twin = twins
      leave(old, target, time: time, twin: twin)
    }
    source.children[name] = nil
    target.children[newName] = inode
    inode.history.append(Inode.Place(directory: target, name: newName, changed: time, twin: twin))
    inode.changed = time
    source.unsynced.append(inode)
    if target !== source { target.unsynced.append(inode) }
  }

  func unlink(_ name: String, in directory: Inode, isDirectory: Bool, time: Timestamp) throws(Errno) {
    guard let inode = directory.children[name] else { throw .noSuchFileOrDirectory }
    guard isDirectory == (inode.kind == .directory) else { throw isDirectory ? .notDirectory : .isDirectory }
    guard inode.children.isEmpty else { throw .directoryNotEmpty }
    leave(inode, directory, time: time, twin: nil)
  }

  private func leave(_ inode: Inode, _ directory: Inode, time: Timestamp, twin: Int?) {
    directory.children[inode.place.name] = nil
    inode.history.append(Inode.Place(directory: nil, name: inode.place.name, changed: time, twin: twin))
    inode.changed = time
    directory.unsynced.append(inode)
  }

  func sync(_ inode: Inode) {
    switch inode.kind {
    case .directory: syncDirectory(inode)
    default: syncContent(inode)
    }
  }

  func syncAll() {
    for inode in inodes {
      inode.history.removeFirst(inode.history.count - 1)
      inode.unsynced.removeAll()
      syncContent(inode)
    }
  }

  private func syncContent(_ inode: Inode) {
    guard !inode.lostPages else { return }
    inode.stored = inode.content
  }

  /// What has come here is here for good, and what has gone from here is gone for good, wherever it went.
  private func syncDirectory(_ directory: Inode) {
    for inode in directory.unsynced {
      if inode.place.directory === directory {
        inode.history.removeFirst(inode.history.count - 1)
      } else if let last = inode.history.lastIndex(where: { $0.directory === directory }) {
        inode.history.removeFirst(last + 1)
      }
    }
    directory.unsynced.removeAll()
  }
}
