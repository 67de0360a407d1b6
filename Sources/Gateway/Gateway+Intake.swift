import Spool
import Work

extension Gateway {
  /// All is put in order at least so often, whether events say so or not.
  private static let round = Duration.seconds(30)
  /// So many files are taken from a drop, and then the others have their turn.
  private static let batch = 32

  /// What the events say: where to look, and whether a person has changed what we have read.
  func heedEvents() throws(Failure) {
    guard let watch, watch.hasFired else { return }
    watch.hasFired = false
    guard let places = watch.takePlaces() else {
      isUnsure = true
      return lookEverywhere()
    }
    if try readPlaces().contains(where: { places.contains($0.path) }) { return try load() }
    for line in lines {
      let paths = try [line.queue[.new].path, line.queue[.wait].path]
      if paths.contains(where: places.contains) { line.isDirty = true }
      if try places.contains(line.queue[.drop].path) { line.drop.hasNews = true }
    }
    for mailbox in mailboxes where places.contains(mailbox.drop.path) { mailbox.look.hasNews = true }
  }

  func lookEverywhere() {
    for line in lines { (line.isDirty, line.drop.hasNews) = (true, true) }
    for mailbox in mailboxes { mailbox.look.hasNews = true }
  }

  /// Where a person changes what we have read.
  func readPlaces() throws(Failure) -> [Directory] {
    [try spool.directory("agents"), try GatewayUser.directory(in: spool)]
  }

  /// What people and other users have put into drops; and, now and then, what is left behind.
  func intake() throws(Failure) {
    if nextRound.hasPassed { try putInOrder() }
    for line in lines where line.drop.isTime {
      line.drop.begin()
      var next: Duration? = Self.trouble
      try keepingApart("\(line.queue.name)/drop") { () throws(Failure) in
        next = try line.queue.takeDrops(atMost: Self.batch).lookAgain
      }
      line.drop.end(lookAgain: next)
    }
    for mailbox in mailboxes where mailbox.look.isTime {
      mailbox.look.begin()
      var next: Duration? = Self.trouble
      try keepingApart("\(mailbox.queue.name)/drop-\(mailbox.user.name)") { () throws(Failure) in
        next = try mailbox.take(atMost: Self.batch)
      }
      mailbox.look.end(lookAgain: next)
    }
  }

  private func putInOrder() throws(Failure) {
    // What was removed, or changed before we watched, has made no event.
    let hasChanged = try changes() != lastChanges
    if isUnsure || hasChanged { try load() }
    nextRound = Deadline(after: Self.round)
    lookEverywhere()
    for line in lines {
      try keepingApart(line) { () throws(Failure) in
        try line.queue.sweep()
        try line.queue.expireDue(isWhole: false)
      }
    }
    for mailbox in mailboxes {
      try keepingApart(mailbox.user.name) { () throws(Failure) in try mailbox.settle() }
    }
  }
}
