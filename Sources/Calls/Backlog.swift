import Roster
import Spool

/// How many calls of an agent may wait. Who comes when it is full is told when to come again, instead of waiting for ever behind
/// others.
public struct Backlog {
  private let agent: Agent
  private let queue: Queue

  public init(_ agent: Agent, _ queue: Queue) {
    self.agent = agent
    self.queue = queue
  }

  /// - Throws: `CallFailure`, where one more is refused.
  public func refuseIfFull() throws { if let refusal = try refusal() { throw refusal } }

  /// Looks at no more names than may wait: it costs the same however many do.
  /// - Returns: why one more is refused, with the time when a place is likely to be free; nil: there is one.
  public func refusal() throws(Failure) -> CallFailure? {
    guard try queue[.new].count(upTo: agent.backlog) >= agent.backlog else { return nil }
    let turn = max(.seconds(1), agent.rate.span / agent.rate.count)
    var failure = CallFailure(
      .rateLimit, "\(agent.backlog) calls of \(agent.name) wait already", do: "Backlog in agents/\(agent.name).md",
      at: .now + turn)
    failure.isOwnLimit = true
    return failure
  }
}
