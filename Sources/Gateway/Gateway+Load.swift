import Roster
import Spool
import Work

extension Gateway {
  /// Reads what a person may have changed. What cannot be read is told, and what was known goes on.
  func load() throws(Failure) {
    isUnsure = false
    lastChanges = try changes()
    mailboxes = []
    try loadAgents()
    for user in try GatewayUser.all(in: spool) {
      for line in lines where user.agents.contains(line.name) {
        try keepingApart(user.name) { () throws(Failure) in mailboxes.append(try Mailbox(user, line)) }
      }
    }
    try writeLock()
    try watchAll()
    try fillSlots()
    nextRound = Deadline(after: .zero)
  }

  func changes() throws(Failure) -> [Timestamp?] { try readPlaces().map { try? $0.file.status().modified } }

  private func loadAgents() throws(Failure) {
    let book = try KnownAgents(spool)
    var known = Dictionary(uniqueKeysWithValues: lines.map { ($0.name, $0) })
    let fileNames = try spool.directory("agents").names().filter { $0.hasSuffix(".md") && !$0.hasPrefix(".") }.sorted()
    lines = []
    for name in fileNames.map({ String($0.dropLast(3)) }) {
      let old = known.removeValue(forKey: name)
      try keepingApart("agents/\(name).md") { () throws(Failure) in
        let agent = try book.learn(name) { error in say("\(error): what was known goes on") }
        if let old {
          (old.agent, old.isLeaving) = (agent, false)
          lines.append(old)
        } else {
          lines.append(AgentLine(agent, try spool.queue("calls-\(name)", making: true)))
        }
      }
    }
    // Whose file is gone is called no more.
    for line in known.values where line.running > 0 {
      line.isLeaving = true
      lines.append(line)
    }
    try book.forgetAll(but: Set(fileNames))
  }

  private func writeLock() throws(Failure) {
    try lock.truncate(to: 0)
    try lock.seek(to: 0)
    let port = current.port.map(String.init)
    try lock.write(
      Header(["Pid": String(SpoolDirectory.processID), "Slots": String(current.slots), "Port": port]).bytes.dropLast()
    )
  }

  /// One watch a process: the old one goes first.
  func watchAll() throws(Failure) {
    var directories = try readPlaces()
    for line in lines {
      try keepingApart(line) { () throws(Failure) in
        directories += [try line.queue[.new], try line.queue[.wait], try line.queue[.drop]]
      }
    }
    watch?.end()
    watch = Watch(directories + mailboxes.map(\.drop), notice: spool.notice)
    // From now on it keeps them.
    _ = watch?.takePlaces()
    lookEverywhere()
  }

  /// A queue's directory was taken away, or one was put in its place.
  func forgetQueue(with path: String) throws(Failure) {
    // What holds the old one goes first: it would be given again.
    mailboxes = []
    lines.removeAll { path.hasPrefix($0.queue.directory.path + "/") }
    try load()
  }

  func fillSlots() throws(Failure) {
    // Fewer than before: those that are free go, others when they are.
    while slots.count(where: { !$0.isLeaving }) > current.slots, let free = slots.first(where: \.isFree) {
      free.leave()
    }
    if slots.count < current.slots && slotsDue.hasPassed {
      let isWell = try keepingApart("slots") { () throws(Failure) in
        while slots.count < current.slots { slots.append(try WorkerSlot(commands.worker, notice: commands.onWords)) }
      }
      if !isWell { slotsDue = Deadline(after: Self.trouble) }
    }
    if door?.port != current.port { door = nil }
    notePort()
    if let port = current.port, door == nil, doorDue.hasPassed {
      doorDue = Deadline(after: Self.trouble)
      try keepingApart("door") { () throws(Failure) in
        door = try DoorProcess(port, commands.door(port), onWords: commands.onWords)
      }
    }
  }

  /// Where the door listens, for who asks how the spool stands: nothing goes by it, and where it cannot be noted, so be it.
  private func notePort() {
    guard notedPort != .some(current.port) else { return }
    notedPort = .some(current.port)
    do throws(Failure) {
      try serving.seek(to: 0)
      try serving.truncate(to: 0)
      if let port = current.port { try serving.write(Array("\(port)\n".utf8)) }
    } catch { say("\(error)") }
  }
}
