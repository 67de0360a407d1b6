import Spool

/// What came of undoing a run, and `undone/`: where the steps go that were undone, or are begun anew.
extension RunState {
  /// What became of the undoing that its halt asked for; nil where it is not over.
  enum Undoing: String {
    case undone
    /// It needs a person.
    case stuck
  }

  func undoing() throws(Failure) -> Undoing? {
    guard let file = try directory.open("undoing"), let bytes = try file.readAll(limit: 100) else { return nil }
    return Undoing(rawValue: String(decoding: bytes, as: UTF8.self))
  }

  func setUndoing(_ undoing: Undoing?) throws(Failure) {
    if let undoing { return try directory.replace("undoing", with: Array(undoing.rawValue.utf8)) }
    guard try directory.contains("undoing") else { return }
    try directory.unlink("undoing")
    try directory.sync()
  }

  /// What is left of a step that was undone, or was begun anew.
  struct Past {
    var record: StepRecord
    var ended: Timestamp?
    var isUndone: Bool
    var generation: Int
    /// When it was moved here.
    var time: Timestamp
  }

  func undone() throws(Failure) -> [Past] {
    guard try directory.status("undone")?.isDirectory == true else { return [] }
    let undone = try Directory("undone", in: directory)
    var found: [Past] = []
    for fileName in try undone.names() {
      let prefix = [Self.recordPrefix, Self.endedPrefix].first { fileName.hasPrefix($0) }
      guard let prefix else { continue }
      // NAME.GENERATION, as its product beside it.
      let product = String(fileName.dropFirst(prefix.count))
      let name = product.split(separator: ".", omittingEmptySubsequences: false).dropLast().joined(separator: ".")
      guard let file = try undone.open(fileName) else { continue }
      // Where a power cut has left nothing of the record, its name says enough.
      let record = try StepRecord(name, in: file) ?? StepRecord(name: name, command: [], attempt: 1)
      let generation = product.split(separator: ".").last.flatMap { Int($0) } ?? 1
      let ended = try undone.status(product)?.modified ?? record.ended
      found.append(
        Past(
          record: record, ended: ended, isUndone: prefix == Self.recordPrefix, generation: generation,
          time: try file.status().changed))
    }
    return found
  }

  /// The record's move is what says that it is undone; its product follows.
  func settle(_ step: String, as prefix: String) throws(Failure) {
    let undone = try Directory.making("undone", in: directory)
    let generation = try generation()
    _ = try steps.move(Self.recordPrefix + step, to: undone, as: "\(prefix)\(step).\(generation)")
    try undone.sync()
    try moveProduct(of: step, to: undone, generation)
    _ = try steps.move(Self.usesPrefix + step, to: undone, as: "\(Self.usesPrefix)\(step).\(generation)")
    try steps.sync()
  }

  private func moveProduct(of step: String, to undone: Directory, _ generation: Int) throws(Failure) {
    if try steps.contains(step) {
      _ = try steps.move(step, to: undone, as: "\(step).\(generation)")
      try undone.sync()
    }
  }

  /// Of one that was killed between the two moves.
  func finishMoves() throws(Failure) {
    guard try directory.status("undone")?.isDirectory == true else { return }
    let undone = try Directory("undone", in: directory)
    let generation = try generation()
    for name in try undone.names() where name.hasPrefix(Self.recordPrefix) && name.hasSuffix(".\(generation)") {
      let step = name.dropFirst(Self.recordPrefix.count).dropLast(".\(generation)".count)
      if try !steps.contains(Self.recordPrefix + step) {
        try moveProduct(of: String(step), to: undone, generation)
      }
    }
    // Found here: that they came here may not be durable.
    try undone.sync()
    try steps.sync()
  }

  /// What has ended otherwise than well, and needs no undoing, is begun anew as well.
  func forgetEnded() throws(Failure) {
    try finishMoves()
    for step in try found(looking: false) where step.state != .committed {
      guard step.state != .running else {
        throw Failure(
          .tryAgain, id.description, "its step \(step.record.name) goes on", do: "try again when it has ended")
      }
      try settle(step.record.name, as: Self.endedPrefix)
    }
  }
}
