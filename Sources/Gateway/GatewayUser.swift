import Roster
import Spool

/// Another user of this machine who may ask agents: one file, `gateway/users/NAME`.
public struct GatewayUser: Sendable {
  public var name: String
  public var uid: UInt32
  /// Private to this user and to the owner of the spool.
  public var group: UInt32
  /// Whom he may ask.
  public var agents: [String]

  public init(name: String, uid: UInt32, group: UInt32, agents: [String]) {
    self.name = name
    self.uid = uid
    self.group = group
    self.agents = agents
  }

  static func directory(in spool: SpoolDirectory) throws(Failure) -> Directory {
    try Directory.making("users", in: spool.directory("gateway"))
  }

  public init?(named name: String, in spool: SpoolDirectory) throws(Failure) {
    guard let file = try SettingsFile.read(name, in: Self.directory(in: spool), hasBody: false) else { return nil }
    try file.allow(["Uid", "Group", "Agents"])
    guard let uid = try file.parse("Uid", "a user's number", { UInt32($0) }),
      let group = try file.parse("Group", "a group's number", { UInt32($0) })
    else {
      throw Failure(.configuration, file.path, "needs Uid: and Group:", do: "gateway admit \(name) writes them")
    }
    self.init(name: name, uid: uid, group: group, agents: file.list("Agents"))
  }

  func write(to spool: SpoolDirectory) throws(Failure) {
    let header = Header(["Uid": String(uid), "Group": String(group), "Agents": agents.joined(separator: ", ")])
    try Self.directory(in: spool).replace(name, with: header.bytes.dropLast())
  }

  /// Everybody whose file can be read; what cannot is told.
  public static func all(in spool: SpoolDirectory) throws(Failure) -> [GatewayUser] {
    guard try spool.root.contains("gateway") else { return [] }
    var users: [GatewayUser] = []
    for name in try directory(in: spool).names().sorted() where !name.hasPrefix(".") {
      do { if let user = try GatewayUser(named: name, in: spool) { users.append(user) } } catch {
        guard error.status == .configuration else { throw error }
        spool.notice("\(error)")
      }
    }
    return users
  }
}
