import Roster
import Spool

/// Who reads or writes, and what he may: the person, or an agent within the scopes of its file.
public struct Party: Sendable {
  /// An agent's name; `me`: the person.
  public var name: String
  /// Nil: all.
  private let read: [String]?
  private let written: [String]?

  public static let person = Party(name: "me", read: nil, written: nil)

  public init(_ agent: Agent) { self.init(name: agent.name, read: agent.memory.read, written: agent.memory.written) }

  private init(name: String, read: [String]?, written: [String]?) {
    self.name = name
    self.read = read
    self.written = written
  }

  /// Whether it is allowed everything.
  public var isPerson: Bool { read == nil && written == nil }

  public func mayRead(_ scope: String) -> Bool { read?.contains(scope) != false }

  /// - Throws: `.notAllowed` where it may not.
  public func require(reading scope: String) throws(Failure) { try require(scope, read, "read") }
  public func require(writing scope: String) throws(Failure) { try require(scope, written, "write") }

  private func require(_ scope: String, _ scopes: [String]?, _ verb: String) throws(Failure) {
    guard let scopes, !scopes.contains(scope) else { return }
    throw Failure(
      .notAllowed, "--scope \(scope)", "agent \(name) may not \(verb) it",
      do:
        "it may \(verb) \(scopes.isEmpty ? "nothing" : scopes.joined(separator: ", ")); Memory in agents/\(name).md says so"
    )
  }
}
