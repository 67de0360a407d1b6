import Spool

/// Finds what belongs to a story, by what the entries say of each other.
struct Teller {
  let spool: SpoolDirectory
  private(set) var parts: [Part] = []
  private var known: Set<String> = []

  init(spool: SpoolDirectory) { self.spool = spool }

  @discardableResult
  mutating func add(
    _ queue: Queue, _ place: Place, relation: String, depth: Int, isCause: Bool, behind index: Int? = nil
  ) throws(Failure) -> Bool {
    guard parts.count < Story.most, known.insert("\(queue.name)/\(place.name.id)").inserted else { return false }
    let header = (try? queue.header(at: place)) ?? nil
    let changed = try queue[place.room].status(place.fileName)?.changed
    let from = header?["From"].flatMap { name in parts.contains { $0.queue == name } ? name : nil }
    let part = Part(
      queue: queue.name, room: place.room.rawValue, id: place.name.id.description, name: place.fileName,
      subject: header?["Subject"], created: header?["Created"] ?? place.name.id.time.rfc3339, handedOnBy: from,
      relation: relation, depth: depth, isCause: isCause, since: changed?.rfc3339)
    parts.insert(part, at: index ?? parts.count)
    return true
  }

  /// - Parameter near: the part that has named it: it stands behind that one.
  @discardableResult
  mutating func add(_ link: Link, depth: Int, isCause: Bool, near: String? = nil) throws(Failure) -> Bool {
    guard parts.count < Story.most, let queue = try queue(link.queue), let place = try queue.locate(unlisted: link.id)
    else {
      return false
    }
    let index = parts.firstIndex { $0.key == near }.map { $0 + 1 }
    return try add(
      queue, place, relation: link.relation, depth: near == nil ? depth : parts[index! - 1].depth + 1, isCause: isCause,
      behind: index)
  }

  private func queue(_ name: String) throws(Failure) -> Queue? {
    guard (try? SpoolDirectory.check(queueName: name)) != nil, try spool.root.status(name)?.isDirectory == true else {
      return nil
    }
    return try spool.queue(name)
  }

  /// The same ID in other queues is what was handed on; its children are what it was divided into.
  mutating func addSame(_ id: EntryID) throws(Failure) {
    let created = parts.first?.created ?? ""
    var queues: [Queue] = []
    for name in try spool.queueNames() { queues.append(try spool.queue(name)) }
    for queue in queues {
      guard let place = try queue.locate(unlisted: id) else { continue }
      let isCause = ((try? queue.header(at: place)) ?? nil)?["Created"].map { $0 < created } ?? false
      try add(queue, place, relation: isCause ? "handed on by" : "handed on to", depth: 1, isCause: isCause)
    }
    if let parent = id.parent {
      for queue in queues {
        guard let place = try queue.locate(unlisted: parent) else { continue }
        try add(queue, place, relation: "of which it is a part", depth: 1, isCause: true)
      }
    }
    var number = 1
    while parts.count < Story.most {
      let child = id.child(number)
      var isThere = false
      for queue in queues {
        guard let place = try queue.locate(unlisted: child) else { continue }
        isThere = try add(queue, place, relation: "a part of it", depth: 1, isCause: false) || isThere
      }
      if !isThere { break }
      number += 1
    }
  }

  /// One direction only: what has brought it about has brought about much else.
  mutating func follow(
    _ queueName: String, _ id: EntryID, depth: Int, atMost deepest: Int, isCause: Bool
  ) throws(Failure) {
    guard depth <= deepest, let queue = try queue(queueName), let place = try queue.locate(unlisted: id) else { return }
    let links = Links(spool: spool)
    for link in try isCause ? links.causes(of: place, in: queue) : links.effects(of: place, in: queue) {
      guard try add(link, depth: depth, isCause: isCause) else { continue }
      try follow(link.queue, link.id, depth: depth + 1, atMost: deepest, isCause: isCause)
    }
  }
}
