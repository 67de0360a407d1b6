import Calls
import Glibc
import Roster
import Spool
import Work

/// The other end of a slot: makes the calls that the gateway names, one line and one call after the other. `AGENT ROOM NAME` comes on
/// standard input; a line on standard output says that it is settled, that somebody holds it, or that it could not even be begun.
public struct CallWorker {
  public var spool: SpoolDirectory
  public var environment: [String: String]
  /// The tool that tells what an agent may know; nil: it is not installed.
  public var memory: String?

  public init(_ spool: SpoolDirectory, environment: [String: String], memory: String?) {
    self.spool = spool
    self.environment = environment
    self.memory = memory
  }

  /// - Returns: the signal that ended it; nil where the gateway has no more calls for it.
  public func run() throws(Failure) -> Int32? {
    Signals.catchThem()
    var heard: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      if let end = heard.firstIndex(of: 10) {
        let words = String(decoding: heard[..<end], as: UTF8.self).split(separator: " ", maxSplits: 2).map(String.init)
        heard.removeFirst(end + 1)
        guard words.count == 3, let room = Room(rawValue: words[1]) else { return nil }
        var answer = [Self.settled, 10]
        switch make(words[0], words[2], in: room) {
        case .stopped(let number): return number
        case .busy: answer[0] = Self.busy
        case nil: answer[0] = Self.trouble
        default: break
        }
        guard write(STDOUT_FILENO, answer, answer.count) == answer.count else { return nil }
        continue
      }
      var polled = [pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)]
      Signals.wait(atMost: nil, or: &polled)
      if let number = Signals.pending(), number != SIGHUP { return number }
      guard polled[0].revents != 0 else { continue }
      let count = read(STDIN_FILENO, &buffer, buffer.count)
      if count == 0 { return nil }
      if count > 0 { heard += buffer[..<count] }
    }
  }

  private static let settled = UInt8(ascii: ".")
  static let busy = UInt8(ascii: "?")
  static let trouble = UInt8(ascii: "!")

  /// - Returns: nil where it could not be made; it lies where it lay, or is swept there.
  private func make(_ agent: String, _ fileName: String, in room: Room) -> ResidentCall.Outcome? {
    do {
      let call = ResidentCall(
        agent: try KnownAgents(spool).agent(named: agent), queue: try spool.queue("calls-\(agent)"),
        environment: environment,
        memory: memory)
      return try call.make(fileName, in: room)
    } catch {
      spool.notice("\(agent): \(error)")
      return nil
    }
  }
}
