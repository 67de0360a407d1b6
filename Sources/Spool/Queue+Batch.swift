/// Many entries for the price of one barrier. Every entry is as safe as it is alone; what they share is when.
///
/// A batch is for work that is shorter than a barrier. Who works longer claims one at a time: what a batch holds nobody else can
/// take, and a crash counts as an attempt of each.
extension Queue {
  /// From so many on, one syncfs flushes all files in the place of an fsync each. A syncfs writes what others have left
  /// unwritten as well, so a few files are flushed by themselves; where exactly it pays was not measured.
  static let sharedFlush = 8

  /// Claims what can be claimed of these names; one fsync makes all of them durable before the first is given out.
  /// - Returns: the claims, in the order of the names; what is busy, gone or settled is left out.
  public func claim(_ places: some Sequence<(room: Room, fileName: String)>, attempts: Int? = nil) throws(Failure)
    -> [Claim]
  {
    var seized: [(file: File, name: EntryName, isFresh: Bool)] = []
    for place in places {
      if case .seized(let file, let name) = try seize(place.fileName, in: place.room, early: false) {
        seized.append((file, name, place.room == .new))
      }
    }
    if seized.isEmpty { return [] }
    try self[.run].sync()
    var claims: [Claim] = []
    for (file, name, isFresh) in seized {
      if case .claimed(let claim) = try take(file, name, attempts: attempts, isFresh: isFresh) { claims.append(claim) }
    }
    return claims
  }

  /// Finishes claims that have no products, in their order; when this returns all of that is durable.
  public func finish(_ claims: [Claim]) throws(Failure) {
    for claim in claims { try moveToDone(claim.name.description, in: .run, id: claim.id) }
    try self[.done].sync()
    Claim.retired(claims, in: self)
  }
}
