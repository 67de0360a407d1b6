import CommandLine
import Spool

/// An entry in one queue, as a person named it.
struct Found {
  var queue: Queue
  var place: Place
}

extension SpoolDirectory {
  /// What a person means by this in all queues, or in one: `QUEUE/ID` names one queue.
  /// The same ID in several queues is one job that was handed on.
  /// - Throws: `.no` where there is nothing, `.usage` with the choices where several jobs fit.
  func find(_ reference: String, in rooms: [Room] = Room.ofEntries) throws -> [Found] {
    var wanted = reference[...]
    var queueNames = try queueNames()
    let parts = reference.split(separator: "/")
    if parts.count > 1, queueNames.contains(String(parts[0])) {
      // As ls prints it, QUEUE/ID, or as a path, QUEUE/ROOM/NAME.
      queueNames = [String(parts[0])]
      wanted = parts.last!
    }
    var found: [Found] = []
    if let id = try? EntryID(wanted) {
      // A whole ID is found without a list of what is over.
      for name in queueNames {
        let queue = try queue(name)
        guard let place = try queue.locate(unlisted: id), rooms.contains(place.room) else { continue }
        found.append(Found(queue: queue, place: place))
      }
      if !found.isEmpty { return found }
    }
    for name in queueNames {
      let queue = try queue(name)
      found += try queue.places(for: String(wanted), in: rooms).map { Found(queue: queue, place: $0) }
    }
    // A reply by file has what it answers as its slug.
    let called = found.filter { $0.place.name.id.isCalled(String(wanted)) }
    if !called.isEmpty { found = called }
    let jobs = Set(found.map(\.place.name.id))
    if jobs.isEmpty {
      throw Failure(.no, reference, "no entry is called that", do: "spool ls --all shows all")
    }
    if jobs.count > 1 {
      let choices = found.sorted { $0.place.fileName < $1.place.fileName }.prefix(20).map {
        "  \($0.queue.name)/\($0.place.room.rawValue)/\($0.place.fileName)"
      }
      throw Failure(.usage, reference, "fits \(jobs.count) entries", do: "give more of the ID").listing(choices)
    }
    return found
  }
}

extension Failure {
  /// Prints the choices first: nothing is done.
  fileprivate func listing(_ lines: [String]) -> Failure {
    for line in lines { complain(line) }
    return self
  }
}
