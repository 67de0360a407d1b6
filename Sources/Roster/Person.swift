import Spool

/// A person: one file, `people/NAME`. Every header but `Uid` and `Order` is a channel and his address there.
public struct Person: Sendable {
  public var name: String
  /// In the order in which they are tried.
  public var addresses: [Address]
  public var uid: UInt32?

  /// Reads a person of this spool; nil where there is none of this name.
  public init?(named name: String, in spool: SpoolDirectory) throws(Failure) {
    guard Address.isName(name) else { return nil }
    guard let file = try SettingsFile.read(name, in: spool.directory("people"), hasBody: false) else { return nil }
    self.name = name
    uid = try file.parse("Uid", "a user's number") { UInt32($0) }
    var known: [Address] = []
    for line in file.header.lines where !["uid", "order"].contains(line.name.lowercased()) {
      guard !line.value.contains(",") else {
        throw SettingsFile.refusal(
          file.path, line.number, "\(line.name): \(line.value)", "write an address without a comma")
      }
      known.append(Address(channel: line.name.lowercased(), value: line.value))
    }
    var addresses: [Address] = []
    for channel in file.list("Order").map({ $0.lowercased() }) {
      guard let address = known.first(where: { $0.channel == channel }) else {
        let line = file.header.line("Order")!
        throw SettingsFile.refusal(
          file.path, line.number, "Order: \(line.value)", "name only channels that this file has (no \(channel) here)")
      }
      addresses.append(address)
    }
    self.addresses = addresses + known.filter { !addresses.contains($0) }
    guard !self.addresses.isEmpty else {
      throw Failure(.configuration, file.path, "names no address", do: "write a line such as File: /home/\(name)/inbox")
    }
  }
}

extension Person {
  /// Everybody whose file can be read, by name; what cannot is told.
  public static func all(in spool: SpoolDirectory) throws(Failure) -> [Person] {
    var people: [Person] = []
    for name in try spool.directory("people").names().sorted() where Address.isName(name) {
      do { if let person = try Person(named: name, in: spool) { people.append(person) } } catch {
        guard error.status == .configuration else { throw error }
        spool.notice("\(error)")
      }
    }
    return people
  }

  /// Refuses what can be no person's name.
  public static func check(name: String) throws(Failure) {
    guard Address.isName(name) else {
      throw Failure(.usage, name, "is no person's name", do: "use a-z, 0-9, dashes and underscores")
    }
  }

  /// Writes an address into `people/NAME`: in the place of the one that is there for this channel, else as the first. What else a
  /// person has written there stays as it is.
  public static func write(_ address: Address, of name: String, in spool: SpoolDirectory) throws(Failure) {
    try check(name: name)
    let people = try spool.directory("people")
    var text = ""
    if let file = try people.open(name) {
      text = String(decoding: try file.readAll(limit: 1 << 20) ?? [], as: UTF8.self)
    }
    var lines = text.split(whereSeparator: \.isNewline).map(String.init)
    let header = address.channel.prefix(1).uppercased() + address.channel.dropFirst()
    let line = "\(header): \(address.value)"
    func place(_ name: String) -> Int? { lines.firstIndex { $0.lowercased().hasPrefix("\(name):") } }
    // Behind a fence, where there is one.
    let top = lines.first?.trimmed == "---" ? 1 : 0
    if let place = place(address.channel) { lines[place] = line } else { lines.insert(line, at: top) }
    if let order = place("order") {
      let channels = lines[order].dropFirst(6).split(separator: ",").map { String($0.trimmed).lowercased() }
      if !channels.contains(address.channel) {
        lines[order] = "Order: " + ([address.channel] + channels).joined(separator: ", ")
      }
    }
    try people.replace(name, with: Array(lines.map { $0 + "\n" }.joined().utf8))
    try people.sync()
  }
}

/// Where a message goes: `CHANNEL:ADDRESS`.
public struct Address: Hashable, Sendable, CustomStringConvertible {
  public var channel: String
  public var value: String

  public init(channel: String, value: String) {
    self.channel = channel
    self.value = value
  }

  /// Parses `telegram:4711`.
  public init?(_ text: some StringProtocol) {
    guard let colon = text.firstIndex(of: ":") else { return nil }
    channel = String(text[..<colon])
    value = String(text[text.index(after: colon)...])
    if !Self.isName(channel) || value.isEmpty || value.printable != value { return nil }
  }

  public var description: String { "\(channel):\(value)" }

  /// Whether a file's name may be a channel's.
  public static func isChannel(_ text: String) -> Bool { isName(text) }

  static func isName(_ text: String) -> Bool {
    (1...32).contains(text.utf8.count)
      && text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 95 }
  }

  /// What `--to` names, in the order in which it is tried: a person (all his channels), `telegram:me` (one of a
  /// person's), or addresses as they are; several with commas.
  public static func resolve(_ text: String, in spool: SpoolDirectory) throws(Failure) -> [Address] {
    var addresses: [Address] = []
    for part in text.split(separator: ",").map({ String($0.trimmed) }) where !part.isEmpty {
      if let address = Address(part) {
        if let person = try Person(named: address.value, in: spool) {
          guard let his = person.addresses.first(where: { $0.channel == address.channel }) else {
            throw Failure(
              .configuration, "--to \(part)", "\(spool.path)/people/\(person.name) has no \(address.channel)",
              do: (address.channel == "telegram" ? "spool setup telegram \(person.name) adds it" : "add a line there")
                + ", or use one of \(person.addresses.map(\.channel).joined(separator: ", "))")
          }
          addresses.append(his)
        } else {
          addresses.append(address)
        }
      } else if let person = try Person(named: part, in: spool) {
        addresses += person.addresses
      } else {
        throw Failure(
          .configuration, "--to \(part)", "there is no \(spool.path)/people/\(part)",
          do: "write that file, or give CHANNEL:ADDRESS")
      }
    }
    guard !addresses.isEmpty else {
      throw Failure(.usage, "--to", "names nobody", do: "give a person or CHANNEL:ADDRESS")
    }
    var seen: Set<Address> = []
    return addresses.filter { seen.insert($0).inserted }
  }
}
