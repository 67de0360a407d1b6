import Spool

extension RunKeeper {
  /// Publishes a run.
  /// - Parameters:
  ///   - key: the same one again is the same run.
  ///   - isSingle: whether it is refused while another run of its name is open.
  public func publish(_ request: RunRequest, key: String?, isSingle: Bool, keeping paths: [String]) throws(Failure)
    -> Published
  {
    if let key, let id = try queue.known(key: key) { return try again(id, key: key, request) }
    var request = request
    let home = request.script.lastIndex(of: "/").map { String(request.script[..<$0]) } ?? "/"
    // First what --keep names, which is for every command.
    var named: [String] = []
    for path in paths { named += try KeptFile.named(path, from: request.directory) }
    request.kept = try KeptFile.keep(named, isForAll: true, in: queue)
    let candidates = KeptFile.candidates(in: request.text, lyingIn: home, directory: request.directory)
    request.kept += try KeptFile.keep(candidates.filter { !named.contains($0) }, isForAll: false, in: queue)
    var lock: File?
    if isSingle {
      let locks = try Directory.making("locks", in: queue.directory)
      lock = try locks.openOrCreate(sha256(request.name.utf8))
      try lock!.lock()
      // Another run of the same key may have been published since.
      if let key, let id = try queue.known(key: key) { return try again(id, key: key, request) }
      try refuseIfOpen(request.name)
    }
    defer { lock?.unlock() }
    let draft = try request.draft()
    guard let key else { return Published(id: try queue.publish(draft), isNew: true) }
    return try queue.publish(draft, key: key)
  }

  private func again(_ id: EntryID, key: String, _ request: RunRequest) throws(Failure) -> Published {
    let published = try queue.publish(try request.draft(), key: key)
    if let first = try queue.entry(id), first.body != request.text {
      queue.spool.notice(
        "--key \(key): known since \(first.created.rfc3339Seconds) with another script: the first one counts")
    }
    return published
  }

  /// - Throws: `.tryAgain` where a run of this name is open.
  private func refuseIfOpen(_ name: String) throws(Failure) {
    let slug = EntryID.slug(from: name)
    for room in [Room.new, .run, .wait, .hold] {
      for place in try queue.entries(in: room) where place.name.id.slug.map(String.init) == slug {
        guard try queue.header(at: place)?["Subject"] == name else { continue }
        throw Failure(
          .tryAgain, "--singleton", "\(name) is open already: \(queue.name)/\(room.rawValue)/\(place.fileName)",
          do: "spool show \(place.name.id.short)")
      }
    }
  }
}
