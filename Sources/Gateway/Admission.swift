import Roster
import Spool

/// Lets another user of the machine ask agents of this spool, and nothing more.
///
/// For each agent he gets a drop of his own, in which he can put files and see nothing, and a room with the answers to them, which
/// he can read and not write. Their group is private to him and to the spool's owner. What lies above lets itself be passed through
/// by name, and not be listed; every other room stays its owner's.
public struct Admission {
  private let spool: SpoolDirectory

  public init(_ spool: SpoolDirectory) { self.spool = spool }

  /// Others may go through, and see nothing.
  private static let passage: UInt32 = 0o711
  /// Its group may put in and take out its own, and not list; what lies in it gets its group.
  private static let dropMode: UInt32 = 0o3730
  /// Its group may read.
  private static let answersMode: UInt32 = 0o2750

  public func admit(_ user: GatewayUser) throws(Failure) {
    try Person.check(name: user.name)
    guard !user.agents.isEmpty else {
      throw Failure(.usage, "--agents", "names no agent", do: "say whom \(user.name) may ask")
    }
    for agent in user.agents { _ = try Agent(named: agent, in: spool) }
    for other in try GatewayUser.all(in: spool) where other.name != user.name && other.group == user.group {
      throw Failure(
        .usage, "--group \(user.group)", "is \(other.name)'s", do: "each user needs a group that is private to him")
    }
    let before = try GatewayUser(named: user.name, in: spool)
    for agent in user.agents { try open(agent, for: user) }
    // When all is there: a gateway that runs reads it at once.
    try user.write(to: spool)
    for agent in before?.agents ?? [] where !user.agents.contains(agent) { try close(agent, for: user.name) }
    spool.journal.write("admitted", queue: "gateway", detail: "\(user.name) to \(user.agents.joined(separator: ", "))")
  }

  /// From now on he may ask nobody. What he has put there is kept, and not taken any more.
  public func dismiss(_ name: String) throws(Failure) {
    try Person.check(name: name)
    guard let user = try GatewayUser(named: name, in: spool) else {
      throw Failure(.no, name, "is not admitted", do: "gateway users lists who is")
    }
    let users = try GatewayUser.directory(in: spool)
    // By way of a name that counts for nothing: a gateway that runs hears of what comes, and not of what goes.
    try users.unlink(".\(name)")
    _ = try users.move(name, to: users, as: ".\(name)")
    try users.unlink(".\(name)")
    try users.sync()
    for agent in user.agents { try close(agent, for: name) }
    spool.journal.write("dismissed", queue: "gateway", detail: name)
  }

  private func open(_ agent: String, for user: GatewayUser) throws(Failure) {
    let queue = try spool.queue("calls-\(agent)", making: true)
    _ = try Directory.making("owed-\(user.name)", in: queue.directory)
    // The modes last: until then nobody gets in.
    for (name, mode) in [("drop-\(user.name)", Self.dropMode), ("re-\(user.name)", Self.answersMode)] {
      let directory = try Directory.making(name, in: queue.directory)
      try directory.file.setGroup(user.group)
      try directory.file.setMode(mode)
    }
    try tighten(but: user)
    try queue.directory.file.setMode(Self.passage)
    try spool.root.file.setMode(Self.passage)
  }

  /// What an editor or mkdir has made under a common umask was hidden by the root's own mode until now.
  private func tighten(but user: GatewayUser) throws(Failure) {
    for name in try spool.root.names() where !name.hasPrefix("calls-") {
      guard let status = try spool.root.status(name), status.isDirectory || status.isRegular, status.mode & 0o077 != 0,
        let file = try spool.root.open(name)
      else { continue }
      try file.setMode(status.mode & 0o7700)
      spool.notice("\(name): only you may enter or read it from now on, as the spool can be passed through")
    }
  }

  private func close(_ agent: String, for name: String) throws(Failure) {
    let queue = try spool.queue("calls-\(agent)", making: true)
    for room in ["drop-\(name)", "re-\(name)"] where try queue.directory.contains(room) {
      try Directory(room, in: queue.directory).file.setMode(0o700)
    }
  }
}
