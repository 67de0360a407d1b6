/// Something that breaks an invariant, and what mends it.
public struct Finding: Codable, Sendable {
  /// Relative to the spool.
  public var path: String
  public var problem: String
  /// Commands to type, or to pipe to a shell after reading them; empty where only a person can tell.
  public var remedy: [String]
}

extension Queue {
  /// Reads the whole queue and explains every violation of the invariants. Changes nothing, locks nothing.
  public func check() throws(Failure) -> [Finding] {
    let locks = LockTable()
    var findings: [Finding] = []
    findings += try checkRooms()
    var seen: [EntryID: (path: String, status: FileStatus)] = [:]
    for room in Room.ofEntries {
      if room != .bad {
        for raw in try self[room].foreignNames() {
          let name = Kernel.text(raw)
          findings.append(finding("\(room.rawValue)/\(name)", "its name is not UTF-8", []))
        }
      }
      for fileName in try self[room].names().sorted() {
        let path = "\(room.rawValue)/\(fileName)"
        guard let status = try self[room].status(fileName) else { continue }
        guard let name = try? EntryName(fileName) else {
          if room != .bad { findings.append(unnamed(path, fileName)) }
          continue
        }
        if let first = seen[name.id], !first.status.isSameFile(as: status), try stillThere(first.path) {
          findings.append(
            finding(path, "the same ID lies in \(first.path) too, as another file: compare them, keep one", []))
        }
        seen[name.id] = (path, status)
        if room != .bad { findings += try checkEntry(name, fileName, in: room, status) }
        if room == .run { findings += checkClaim(name, path, status, locks) }
        if room != .run && name.holder != nil {
          findings.append(
            finding(path, "names a worker, which only run/ may", [mv(path, "\(room.rawValue)/\(name.unheld)")]))
        }
        if room == .wait && status.modified > Kernel.now() + .seconds(86400) {
          findings.append(finding(path, "is due in more than a day: the clock has jumped; it counts as due", []))
        }
      }
    }
    findings += try checkOut(seen)
    findings += try checkKeys(seen)
    return findings
  }

  private func finding(_ path: String, _ problem: String, _ remedy: [String]) -> Finding {
    Finding(path: "\(name)/\(path)".printable, problem: problem.printable, remedy: remedy)
  }

  private func mv(_ from: String, _ to: String) -> String {
    "mv -n \("\(spool.path)/\(name)/\(from)".shellQuoted) \("\(spool.path)/\(name)/\(to)".shellQuoted)"
  }

  private func stillThere(_ path: String) throws(Failure) -> Bool {
    let parts = path.split(separator: "/", maxSplits: 1)
    return try self[Room(rawValue: String(parts[0]))!].contains(String(parts[1]))
  }

  private func unnamed(_ path: String, _ fileName: String) -> Finding {
    var problem = "its name is no entry's"
    do { _ = try EntryName(fileName) } catch { problem = "its name is no entry's: \(error)" }
    return finding(path, problem, [mv(path, "bad/\(fileName)")])
  }

  private func checkRooms() throws(Failure) -> [Finding] {
    var findings: [Finding] = []
    for room in Room.allCases {
      guard let status = try directory.status(room.rawValue), status.isDirectory else {
        findings.append(
          finding(room.rawValue, "is missing", ["mkdir -m 700 \("\(directory.path)/\(room.rawValue)".shellQuoted)"]))
        continue
      }
      if status.mode & 0o022 != 0 {
        findings.append(
          finding(
            room.rawValue, "others may write here: the directory is the authority",
            ["chmod 700 \("\(directory.path)/\(room.rawValue)".shellQuoted)"]))
      }
    }
    return findings
  }

  private func checkEntry(_ name: EntryName, _ fileName: String, in room: Room, _ status: FileStatus) throws(Failure)
    -> [Finding]
  {
    let path = "\(room.rawValue)/\(fileName)"
    if let reason = unreadable(status) { return [finding(path, reason, [mv(path, "bad/\(name.unheld)")])] }
    do {
      guard let file = try self[room].open(fileName) else { return [] }
      _ = try read(file, expecting: name.id)
    } catch {
      if error.status == .malformed { return [finding(path, error.why, [mv(path, "bad/\(name.unheld)")])] }
      return [finding(path, error.description, [])]
    }
    return status.mode & 0o022 == 0
      ? [] : [finding(path, "others may write to it", ["chmod 440 \("\(directory.path)/\(path)".shellQuoted)"])]
  }

  private func checkClaim(_ name: EntryName, _ path: String, _ status: FileStatus, _ locks: LockTable) -> [Finding] {
    if !locks.isHeld(status) {
      return [finding(path, "no process works on it any more", ["spool sweep \(self.name)"])]
    }
    // The claimer set the mtime to the death timer; without one, a day is longer than anything should take.
    let timer = status.modified > status.changed ? status.modified : status.changed + .seconds(86400)
    // TERM, then 5 s, then KILL: by now it should be over.
    guard Kernel.now() > timer + .seconds(60) else { return [] }
    let holders = LockTable.holders(of: status)
    let who = holders.isEmpty ? "processes of another user" : holders.joined(separator: ", ")
    return [
      finding(
        path, "locked \((Kernel.now() - timer).spoken) past its death timer, by \(who)",
        holders.isEmpty ? [] : ["kill \(holders.map { $0.prefix { $0 != " " } }.joined(separator: " "))"])
    ]
  }

  private func checkOut(_ seen: [EntryID: (path: String, status: FileStatus)]) throws(Failure) -> [Finding] {
    var findings: [Finding] = []
    let locks = LockTable()
    for fileName in try self[.out].names().sorted() {
      let path = "out/\(fileName)"
      guard let id = try? EntryID(fileName), try self[.out].status(fileName)?.isDirectory == true else {
        findings.append(finding(path, "is no product: only tools write here", [mv(path, "bad/\(fileName)")]))
        continue
      }
      guard let source = seen[id] else {
        findings.append(finding(path, "the entry that made it lies in no room", []))
        continue
      }
      if locks.isHeld(source.status) { continue }
      let products = try Directory(fileName, in: self[.out])
      for product in try products.names().sorted() where product != "re" {
        guard let file = try products.open(product), let entry = try? read(file, expecting: nil) else { continue }
        if entry.header["To"] == nil {
          findings.append(
            finding(
              "\(path)/\(product)", "its header names no queue", ["spool work \(name) --to QUEUE --once -- false"]))
        }
      }
      if source.path.hasPrefix("fail/") || source.path.hasPrefix("bad/") {
        findings.append(finding(path, "is the product of \(source.path), which was not finished", []))
      } else {
        findings.append(finding(path, "was made, but not handed over yet", ["spool sweep \(name)"]))
      }
    }
    return findings
  }

  private func checkKeys(_ seen: [EntryID: (path: String, status: FileStatus)]) throws(Failure) -> [Finding] {
    var findings: [Finding] = []
    for prefix in try self[.keys].names().sorted() {
      guard try self[.keys].status(prefix)?.isDirectory == true else { continue }
      let ledger = try Directory(prefix, in: self[.keys])
      for hash in try ledger.names().sorted() {
        let path = "keys/\(prefix)/\(hash)"
        if hash.hasPrefix(".") { continue }
        guard let target = try ledger.readLink(hash), let id = try? EntryID(target) else {
          findings.append(finding(path, "leads to no ID", []))
          continue
        }
        if seen[id] != nil { continue }
        if try ledger.contains(".\(target)") {
          findings.append(finding(path, "its entry was not published yet", ["spool sweep \(name)"]))
        } else if try locate(id) == nil {
          findings.append(finding(path, "its entry \(target) lies in no room", []))
        }
      }
    }
    return findings
  }
}

extension String {
  /// As one word of a POSIX shell.
  package var shellQuoted: String {
    let plain = utf8.allSatisfy {
      (97...122).contains($0) || (65...90).contains($0) || (44...58).contains($0) || $0 == UInt8(ascii: "_")
        || $0 == UInt8(ascii: "@")
    }
    return plain && !isEmpty ? self : "'" + replacing("'", with: "'\\''") + "'"
  }
}
