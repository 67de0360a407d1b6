import Spool

extension RunKeeper {
  /// The runs that go on now: nobody works on them, and their time has come, or is over.
  public func due() throws(Failure) -> [EntryID] {
    try queue.sweep()
    var due = try queue.entries(in: .new).map(\.name.id)
    for place in try queue.entries(in: .wait) {
      guard let status = try queue[.wait].status(place.fileName) else { continue }
      let isDue = try isOverdue(place)
      if isDue || Queue.isDue(status.modified) { due.append(place.name.id) }
    }
    for place in try queue.entries(in: .hold) {
      let why: String
      if try isOverdue(place) {
        why = "its deadline"
      } else if try isAnswered(place.name.id) {
        why = "what it waited for"
      } else if try isToBeUndone(place.name.id) {
        why = "who has given it up"
      } else {
        continue
      }
      do { try queue.carryOut(.release, for: place, by: why) } catch {
        guard [.no, .tryAgain].contains(error.status) else { throw error }
        continue
      }
      due.append(place.name.id)
    }
    return due.sorted()
  }

  /// The runs whose worker is dead, but not all that their scripts have started: they go on when that has ended.
  public func orphaned() throws(Failure) -> [EntryID] {
    let locks = LockTable()
    return try queue.entries(in: .run).filter { place in
      guard let status = try? queue[.run].status(place.fileName) else { return false }
      return locks.isHeld(status) && worker(place) == nil
    }.map(\.name.id)
  }

  /// One that has stopped to be undone is not woken by its deadline a second time.
  private func isOverdue(_ place: Place) throws(Failure) -> Bool {
    guard try queue.header(at: place)?["Deadline"] != nil, let entry = try queue.entry(at: place),
      let request = try? RunRequest(entry)
    else { return false }
    let state = try RunState(of: place.name.id, in: queue)
    let deadline = try state?.deadline(of: request) ?? request.deadline
    guard let deadline, deadline <= .now else { return false }
    return try state?.halt()?.kind.undoes != true
  }

  /// Whether who gave it up was killed before he could undo it.
  private func isToBeUndone(_ id: EntryID) throws(Failure) -> Bool {
    guard let state = try RunState(of: id, in: queue), try state.halt()?.kind.undoes == true else { return false }
    return try state.undoing() == nil
  }

  /// Whether a run that a question, or an inner run, had to wait for can go on: a person has acted, though not by `spool release`.
  private func isAnswered(_ id: EntryID) throws(Failure) -> Bool {
    guard let state = try RunState(of: id, in: queue), let halt = try state.halt(), halt.kind == .held,
      let step = halt.step, let use = try StepUse.all(of: step, in: state).last,
      ["wait-approval", "pipeline-run"].contains(use.tool), let (asked, question) = try use.entry(in: queue.spool),
      let place = try asked.locate(question)
    else { return false }
    let isOver = place.room == .done || use.tool == "pipeline-run" && place.room == .fail
    // What was decided before the run was held is not what holds it.
    guard isOver, let status = try asked[place.room].status(place.fileName) else { return false }
    return status.changed > halt.time
  }

  // MARK: What a person asks

  /// What `spool cancel` found, and did.
  public enum Cancelled {
    /// It is nobody's: whoever cancels it undoes what it did.
    case mine
    /// This process works on it, and is to be told to end it.
    case ending(pid: Int32)
    /// It is being undone already.
    case underWay
    /// It was being undone, which could not be done: the rest stays as it is.
    case givenUp
  }

  /// Says that a run is given up. What it has done is still to be undone (`goOn`).
  /// - Parameter givesUp: whether one whose undoing is stuck stays as it is from now on.
  public func cancel(_ place: Place, by who: String, givesUp: Bool) throws(Failure) -> Cancelled {
    let id = place.name.id
    guard [.new, .wait, .hold, .run].contains(place.room) else {
      throw Failure(.no, id.description, "lies in \(queue.name)/\(place.room.rawValue)/: it is over")
    }
    let state = try RunState(making: id, in: queue)
    let halt = try state.halt()
    if givesUp, place.room == .hold, halt?.kind.undoes == true, try state.undoing() == .stuck {
      try queue.carryOut(.cancel, for: place, by: who)
      return .givenUp
    }
    if place.room == .run, halt?.kind.undoes == true, worker(place) != nil { return .underWay }
    try state.stop(Halt(.cancelled, exit: ExitStatus.no.rawValue, why: "cancelled by \(who)"))
    if place.room == .run, let pid = worker(place) { return .ending(pid: pid) }
    return .mine
  }

  /// Takes a run from where it lies, to undo it.
  public func claimToUndo(_ id: EntryID) throws(Failure) -> Queue.Attempted {
    guard let place = try queue.locate(id) else { return .gone }
    return place.room == .hold ? try queue.claim(place.fileName, in: .hold) : try queue.claim(id)
  }

  /// It had ended before it was given up: then it was not.
  public func forgetCancel(_ id: EntryID) throws(Failure) {
    if let state = try RunState(of: id, in: queue), let halt = try state.halt(), halt.kind == .cancelled {
      try state.resume(from: halt)
    }
  }

  /// The process that works on it; nil where none does. By the lock, not by the name alone: a process ID is used again.
  private func worker(_ place: Place) -> Int32? {
    guard let named = place.name.holder?.split(separator: ".").last.flatMap({ Int32($0) }),
      let status = try? queue[.run].status(place.fileName)
    else { return nil }
    return LockTable.isHeld(status, by: named) ? named : nil
  }

  /// Undoes what a run has done that has ended well; it stays where it is, and says so.
  public func undoDone(_ place: Place) throws(Failure) -> Ending {
    guard let locked = try queue.lock(place) else {
      throw Failure(.tryAgain, place.name.id.description, "is just being worked on", do: "try again")
    }
    defer { locked.release() }
    let request: RunRequest
    do { request = try RunRequest(locked.entry) } catch {
      throw Failure(.malformed, place.name.id.description, "is no run: \(error)")
    }
    let state = try RunState(making: locked.id, in: queue)
    let halt = try state.stop(Halt(.cancelled, exit: 0, why: "undone after it had ended well"))
    let rollback = Rollback(
      state: state, request: request, environment: try environment(request, state), onOutput: onError)
    switch try rollback.run() {
    case .undone: return .failed(halt)
    case .stuck(let step, let why):
      return .held(Halt(.held, step: step, exit: halt.exit, why: "could not be undone: \(why)"))
    case .stopped(let number): return .stopped(number)
    }
  }

  /// Of a run that has ended well: what has undone it since.
  public func undone(_ id: EntryID) throws(Failure) -> Halt? {
    guard let halt = try RunState(of: id, in: queue)?.halt(), halt.exit == 0 else { return nil }
    return halt
  }

  /// Whether its undoing needs a person.
  public func isStuck(_ id: EntryID) throws(Failure) -> Bool { try RunState(of: id, in: queue)?.undoing() == .stuck }

  /// Of a run that is over: what was done and not undone, and could be; nil where there is nothing.
  public func leftUndone(_ place: Place) throws(Failure) -> String? {
    guard let state = try RunState(of: place.name.id, in: queue), let entry = try queue.entry(at: place),
      let request = try? RunRequest(entry)
    else { return nil }
    let left = try Rollback(state: state, request: request, environment: [:]).remaining(looking: true).map(\.step)
    return left.isEmpty ? nil : left.joined(separator: ", ")
  }

  /// A person lets it go on: from `hold/` and `wait/`, or from `fail/`, where it begins anew. Killed in between, it lies where it lay,
  /// and can be asked for again.
  public func carryOut(_ request: Request, for place: Place, by who: String) throws(Failure) {
    _ = try queue.plan(request, for: place)
    guard let locked = try queue.lock(place) else {
      throw Failure(.tryAgain, place.name.id.description, "has just moved", do: "look again with spool show")
    }
    defer { locked.release() }
    if let state = try RunState(of: locked.id, in: queue) { try reopen(state) }
    let word = request == .retry ? "to be tried again" : "released"
    try locked.move(to: .new, event: request.rawValue, because: "\(word) by \(who)")
  }

  /// Removes what is left of runs whose entry is gone, and the files that no run keeps any more.
  public func removeOld() throws(Failure) {
    var hashes: Set<String> = []
    var ids: Set<String> = []
    for room in Room.ofEntries {
      for place in try queue.entries(in: room) {
        ids.insert(place.name.id.description)
        if let entry = try? queue.entry(at: place), let request = try? RunRequest(entry) {
          for file in request.kept { hashes.insert(file.hash) }
        }
      }
    }
    if try queue.directory.contains("state") {
      let states = try Directory("state", in: queue.directory)
      for name in try states.names() where !ids.contains(name) {
        // It may be a run's that was published since.
        guard let id = try? EntryID(name), try queue.locate(id) == nil else { continue }
        try RunState.remove(id, in: queue)
      }
    }
    guard try queue.directory.contains("kept") else { return }
    let kept = try KeptFile.directory(in: queue, making: false)
    for name in try kept.names() where !hashes.contains(name) {
      // It may be for a run that is about to be published.
      guard let status = try kept.status(name), status.modified < .now - .seconds(86400) else { continue }
      try kept.unlink(name)
    }
  }
}
