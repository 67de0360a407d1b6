import Roster
import Spool

extension Agent {
  /// What an agent needs and this environment has not.
  public struct Lack: Sendable, Hashable {
    /// As a person reads it: `no Notion DB`.
    public var word: String
    public var advice: String
    /// It is not called at all without it.
    public var isVital: Bool
    /// It is the agent's program.
    public var isProgram = false
  }

  /// By its `Requires:`, and by where its program is looked for: what a call from this environment would find.
  public func lacks(in environment: [String: String]) -> [Lack] {
    var lacks = requirements.filter { !$0.isMet(in: environment) }.map {
      Lack(word: $0.word, advice: "set it for whoever calls the agent: Requires in its file", isVital: $0.isVital)
    }
    do throws(CallFailure) { _ = try AgentProgram(agent: self, environment: environment).find() } catch {
      lacks.append(
        Lack(word: "\(command[0]) was not found", advice: Self.install(command[0]), isVital: true, isProgram: true))
    }
    return lacks
  }

  private static func install(_ program: String) -> String {
    program == "claude"
      ? "install Claude Code, or set Command: in agents/NAME.md; rm the file of an agent that you do not want"
      : "set Command: in agents/NAME.md"
  }
}
