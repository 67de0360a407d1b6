import Spool

/// What must hold when all is quiet, whatever happened (docs/spool.md; I1 to I7 of the design), read past the library.
extension Laboratory {
  func checkInvariants(_ queues: [String]) {
    for queue in queues {
      let places = places(queue)
      for (id, found) in places.sorted(by: { $0.key < $1.key }) {
        if found.count > 1 { machine.violate("I2: \(queue): \(id) lies in \(found.map(\.room))") }
        for (room, name) in found where room != "bad" { checkWhole(queue, room, name, id) }
      }
      for name in names(queue, "re") { checkWhole(queue, "re", name, name) }
      if let bad = names(queue, "bad").first { machine.violate("I1: \(queue)/bad/\(bad)") }
      checkKeys(queue, places)
    }
    for (queue, id, body) in accepted {
      let found = places(queue)[id.description] ?? []
      guard let (room, name) = found.first else {
        machine.violate("I4: \(queue): \(id) was accepted and is gone")
        continue
      }
      if let entry = try? Entry(parsing: bytes(queue, room, name) ?? []), entry.body != body {
        machine.violate("I4: \(queue)/\(room)/\(name): another text than was accepted")
      }
    }
  }

  /// I1: a complete, fsynced file.
  private func checkWhole(_ queue: String, _ room: String, _ name: String, _ id: String) {
    do {
      let entry = try Entry(parsing: bytes(queue, room, name) ?? [])
      if entry.id.description != id { machine.violate("I1: \(queue)/\(room)/\(name): says Id: \(entry.id)") }
    } catch { machine.violate("I1: \(queue)/\(room)/\(name): \(error)") }
  }

  /// I7: one key, one entry, and the ledger leads to it.
  private func checkKeys(_ queue: String, _ places: [String: [(room: String, name: String)]]) {
    var entries: [String: [String]] = [:]
    for (id, found) in places {
      for (room, name) in found where room != "bad" {
        guard let entry = try? Entry(parsing: bytes(queue, room, name) ?? []), let key = entry.header["Key"] else {
          continue
        }
        entries[sha256(key.utf8), default: []].append(id)
      }
    }
    var linked: [String: String] = [:]
    for (_, prefix) in directory(queue, "keys")?.children ?? [:] {
      for (name, inode) in prefix.children {
        if inode.kind == .link {
          linked[name] = inode.target
        } else if linked.values.contains(String(name.dropFirst())) {
          machine.violate("I7: \(queue)/keys: \(name) was not published")
        }
      }
    }
    for (hash, ids) in entries {
      if Set(ids).count > 1 { machine.violate("I7: \(queue): one key, and \(ids.sorted())") }
      if linked[hash] != ids[0] {
        machine.violate("I7: \(queue): \(ids[0]) has a key that leads to \(linked[hash] ?? "nothing")")
      }
    }
    for (_, id) in linked where places[id] == nil {
      machine.violate("I7: \(queue): a key leads to \(id), which is gone")
    }
  }
}
