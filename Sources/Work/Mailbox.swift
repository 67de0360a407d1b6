import Glibc
import Spool
import Synchronization

/// A queue between two threads: one posts, the other polls a descriptor and takes all there is.
public final class Mailbox<Message: Sendable>: Sendable {
  private let messages = Mutex<[Message]>([])
  private let ends: (reading: Int32, writing: Int32)

  public init() throws(Failure) {
    guard let pipe = Child.inputPipe() else {
      throw Failure(.tryAgain, "a pipe", "no more file descriptors", do: "try again later, or raise the limit")
    }
    // It lives as long as the process.
    ends = (Unmanaged.passRetained(pipe.input).takeUnretainedValue().descriptor.rawValue, pipe.end)
  }

  public func post(_ message: Message) {
    let wasEmpty = messages.withLock { messages in
      messages.append(message)
      return messages.count == 1
    }
    // Full, it wakes as well.
    if wasEmpty { _ = write(ends.writing, [1 as UInt8], 1) }
  }

  public var polled: pollfd { pollfd(fd: ends.reading, events: Int16(POLLIN), revents: 0) }

  /// - Parameter isReady: whether the descriptor can be read.
  public func takeAll(isReady: Bool) -> [Message] {
    var bytes = [UInt8](repeating: 0, count: 64)
    // Before the messages are taken: what comes behind that wakes again.
    if isReady { _ = read(ends.reading, &bytes, bytes.count) }
    return messages.withLock { messages in
      defer { messages = [] }
      return messages
    }
  }
}
