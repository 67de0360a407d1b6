/// What a person asks for an entry.
public enum Request: String, Sendable {
  case hold, release, retry, cancel

  /// From where it is taken, and whereto.
  var rooms: (from: [Room], to: Room) {
    switch self {
    case .hold: ([.new, .wait], .hold)
    case .release: ([.hold], .new)
    case .retry: ([.fail, .wait], .new)
    // What has failed already stays where it is: somebody has seen it, and says so.
    case .cancel: ([.new, .wait, .hold, .fail], .fail)
    }
  }
}

extension Queue {
  /// The move that a request is, as its source and its target.
  /// - Throws: why it cannot be done from where the entry lies.
  public func plan(_ request: Request, for place: Place) throws(Failure) -> (target: Room, targetName: String) {
    let (from, to) = request.rooms
    guard from.contains(place.room) else {
      let who = place.name.holder.map { ", where \($0) works on it" } ?? ""
      throw Failure(
        place.room == .run ? .tryAgain : .no, place.name.id.description,
        "lies in \(name)/\(place.room.rawValue)/\(who)",
        do: "\(request.rawValue) takes from \(from.map { $0.rawValue + "/" }.joined(separator: ", "))")
    }
    var target = place.name.unheld
    // Revived, it begins anew; but what may have happened may still have happened.
    if request == .retry { target.attempts = 0 }
    return (to, target.description)
  }

  /// Moves an entry as a person asks, under its lock.
  public func carryOut(_ request: Request, for place: Place, by who: String) throws(Failure) {
    let (room, targetName) = try plan(request, for: place)
    guard let file = try lockUnheld(place.fileName, in: place.room) else {
      throw Failure(
        .tryAgain, place.name.id.description, "is being worked on, or has just moved", do: "look again with spool show")
    }
    defer { file.unlock() }
    let word: String
    switch request {
    case .hold: word = "held"
    case .release: word = "released"
    case .retry: word = "to be tried again"
    case .cancel: word = "cancelled"
    }
    // The reason first, as with a failure: who waits for the move reads it. Nobody else moves what we have locked.
    logAttempt(place.name.id, "\(word) by \(who)")
    if place.room == room { return spool.journal.write(request.rawValue, queue: name, id: place.name.id, detail: who) }
    switch try self[place.room].move(place.fileName, to: self[room], as: targetName) {
    case .done: try self[room].sync()
    case .sourceGone: throw Failure(.tryAgain, place.name.id.description, "has just moved", do: "look again")
    case .targetExists:
      throw Failure(
        .software, "\(name)/\(room.rawValue)/\(targetName)", "exists already", do: "run spool check \(name)")
    }
    spool.journal.write(request.rawValue, queue: name, id: place.name.id, detail: who)
  }
}
