import Roster
import Spool
import Work

/// What a person may change while the gateway runs.
public struct GatewaySettings: Sendable, Equatable {
  /// Calls that are made at once, of all agents together.
  public var slots: Int
  /// Where the door listens, on the loopback; nil: there is none.
  public var port: UInt16?
  /// How long what is being made may go on when we are asked to stop.
  public var drain: Duration

  public init(slots: Int, port: UInt16?, drain: Duration) {
    self.slots = slots
    self.port = port
    self.drain = drain
  }
}

/// How the gateway starts its own processes.
public struct GatewayCommands {
  public var worker: Command
  public var door: (_ port: UInt16) throws(Failure) -> Command
  /// Gets what they say to the person.
  public var onWords: ([UInt8]) -> Void

  public init(
    worker: Command, door: @escaping (UInt16) throws(Failure) -> Command, onWords: @escaping ([UInt8]) -> Void
  ) {
    self.worker = worker
    self.door = door
    self.onWords = onWords
  }
}
