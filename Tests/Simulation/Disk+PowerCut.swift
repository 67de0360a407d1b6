import Spool

extension Disk {
  /// The power goes and comes back.
  func cutPower(_ dice: inout Dice) {
    let open = inodes.filter { $0.history.count > 1 }
    let chosen = choose(among: open, &dice)
    for (inode, index) in zip(open, chosen) {
      inode.history = [inode.history[index]]
      inode.changed = inode.history[0].changed
    }
    for inode in inodes where inode.kind == .file { losePages(inode, &dice) }
    for inode in inodes {
      inode.children = [:]
      inode.unsynced = []
      inode.writers = 0
      inode.holder = nil
    }
    for inode in inodes where inode !== root {
      inode.place.directory?.children[inode.place.name] = inode
    }
  }

  /// A place for each; never two at one name. All old, all new, or each as it comes.
  private func choose(among open: [Inode], _ dice: inout Dice) -> [Int] {
    let mood = dice.roll(4)
    for _ in 0..<50 {
      var chosen = open.map { inode in
        switch mood {
        case 0 where dice.roll(8) > 0: 0
        case 1 where dice.roll(8) > 0: inode.history.count - 1
        default: dice.roll(inode.history.count)
        }
      }
      joinTwins(open, &chosen)
      if isPossible(open, chosen) { return chosen }
    }
    return open.map { $0.history.count - 1 }
  }

  /// A replacing rename has happened for both of its inodes or for neither.
  private func joinTwins(_ open: [Inode], _ chosen: inout [Int]) {
    for (place, inode) in open.enumerated() {
      for (index, step) in inode.history.enumerated() {
        guard let twin = step.twin else { continue }
        for (other, second) in open.enumerated() where second !== inode {
          guard let there = second.history.firstIndex(where: { $0.twin == twin }) else { continue }
          if chosen[place] >= index && chosen[other] < there { chosen[other] = there }
          if chosen[place] < index && chosen[other] >= there { chosen[other] = max(0, there - 1) }
        }
      }
    }
  }

  private func isPossible(_ open: [Inode], _ chosen: [Int]) -> Bool {
    var taken: Set<String> = []
    func take(_ place: Inode.Place) -> Bool {
      guard let directory = place.directory else { return true }
      return taken.insert("\(directory.number)/\(place.name)").inserted
    }
    for inode in inodes where inode.history.count == 1 && inode !== root { _ = take(inode.place) }
    for (inode, index) in zip(open, chosen) where !take(inode.history[index]) { return false }
    return true
  }

  /// Bytes that were not fsynced: what was durable stays as a beginning, at best; behind it anything may lie.
  private func losePages(_ inode: Inode, _ dice: inout Dice) {
    inode.lostPages = false
    guard inode.stored != inode.content else { return }
    let kept = inode.stored ?? []
    if inode.content.starts(with: kept) {
      let rest = inode.content.count - kept.count
      let length = dice.roll(rest + 1)
      let isTorn = dice.once(in: 2)
      inode.content = kept + (isTorn ? Array(inode.content[kept.count..<kept.count + length]) : garbage(length))
    } else {
      inode.content = garbage(dice.roll(max(kept.count, inode.content.count) + 1))
    }
    inode.stored = inode.content
  }

  private func garbage(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
}
