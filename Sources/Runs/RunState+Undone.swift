import Spool

/// `undone/`: where the steps go that were undone, or are begun anew.
extension RunState {
  /// The record's move is what says that it is undone; its product follows.
  func settle(_ step: String, as prefix: String) throws(Failure) {
    let undone = try Directory.making("undone", in: directory)
    let generation = try generation()
    _ = try steps.move(Self.recordPrefix + step, to: undone, as: "\(prefix)\(step).\(generation)")
    try undone.sync()
    try moveProduct(of: step, to: undone, generation)
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
