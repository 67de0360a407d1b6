import Glibc
import Spool
import Work

/// The channel's side: a program that is run for one message, or, with `DELIVERY_SESSION=1`, serves one after the other until
/// its standard input ends.
public enum ChannelService {
  /// Serves what it was started for.
  /// - Returns: what the program exits with.
  public static func run(_ name: String, _ send: (ChannelMessage) -> Outcome) -> ExitStatus {
    signal(SIGPIPE, SIG_IGN)
    let environment = inheritedEnvironment()
    if environment["DELIVERY_SESSION"] != nil { return serve(name, send) }
    guard var message = ChannelMessage(environment: environment) else {
      say("\(name): DELIVERY_ID and DELIVERY_TO are not set: use deliver --to \(name):ADDRESS", to: STDERR_FILENO)
      return .usage
    }
    let text: [UInt8]
    do { text = try File.standardInput.readAll(limit: Entry.sizeLimit) ?? [] } catch {
      say("\(name): \(error)", to: STDERR_FILENO)
      return .tryAgain
    }
    guard !text.isEmpty else {
      say("\(name): there is no message on standard input", to: STDERR_FILENO)
      return .malformed
    }
    message.text = text
    let outcome = send(message)
    if let pause = outcome.retryAfter { say("retry-after: \(pause.components.seconds)", to: STDOUT_FILENO) }
    say(outcome.text.printable, to: outcome.status == .done ? STDOUT_FILENO : STDERR_FILENO)
    return outcome.status
  }

  /// A line for the delivery's log.
  public static func complain(_ line: String) { say(line.printable, to: STDERR_FILENO) }

  private static func serve(_ name: String, _ send: (ChannelMessage) -> Outcome) -> ExitStatus {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      do {
        while let frame = try Frame(takenFrom: &bytes) {
          let message = ChannelMessage(frame: frame)
          let outcome = message.map(send) ?? .permanent("the message has no ID or no address")
          say(bytes: answer(outcome, message?.id), to: STDOUT_FILENO)
        }
      } catch {
        say("\(name): \(error)", to: STDERR_FILENO)
        return .malformed
      }
      let count = read(STDIN_FILENO, &buffer, buffer.count)
      if count > 0 { bytes += buffer[..<count] } else if count == 0 || errno != EINTR { return .done }
    }
  }

  private static func answer(_ outcome: Outcome, _ id: EntryID?) -> [UInt8] {
    let text = Array(outcome.text.utf8)
    let header = Header([
      "Exit": String(outcome.status.rawValue), "Delivery-ID": id?.description,
      "Retry-After": outcome.retryAfter.map { String($0.components.seconds) }, "Length": String(text.count),
    ])
    return header.bytes + text
  }

  private static func say(_ line: String, to descriptor: Int32) {
    say(bytes: Array((line + "\n").utf8), to: descriptor)
  }

  private static func say(bytes: [UInt8], to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return }
    }
  }
}
