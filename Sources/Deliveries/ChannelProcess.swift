import Glibc
import Spool
import Work

/// A channel's process, for one message, or, where the channel speaks session, for one after the other.
final class ChannelProcess {
  let channel: Channel
  let isSession: Bool
  /// A message is under way.
  private(set) var isBusy = false
  private(set) var hasEnded = false
  private var attendance: Child.Attendance!
  private var output: [UInt8] = []
  private var error: [UInt8] = []
  /// Of a session: where it reads from us, and what it has not read yet.
  private var input: Int32 = -1
  private var unread: ArraySlice<UInt8> = []
  private var frameLength = 0
  /// Its end of that pipe, kept: what is left in it was not read.
  private var unreadEnd: File?
  /// It has ended, and had read nothing of the message under way.
  private(set) var wasNotRead = false
  /// It has answered what was not asked, or is being ended: it gets no more messages.
  private var isSpent = false
  private var messageID = ""
  /// Of the simulated machine, where a child has ended when it was started.
  private var simulated: Outcome?

  /// Starts it for one message.
  /// - Parameter lock: the claim's, which the channel holds with us: no second copy starts while any part of it lives.
  init(
    _ channel: Channel, _ message: ChannelMessage, _ environment: [String: String], lock: File, until deadline: Deadline
  ) throws(Failure) {
    self.channel = channel
    isSession = false
    var environment = environment
    message.add(to: &environment)
    deadline.handDown(to: &environment)
    let child = try Child(channel.command(environment), input: File.inMemory(message.text), lock: lock)
    isBusy = true
    if Kernel.standIn != nil {
      let (outcome, output, _) = child.collect(until: deadline, limit: Self.outputLimit)
      self.output = output
      simulated = judge(outcome)
    } else {
      attend(child, until: deadline)
    }
  }

  /// Starts it to serve.
  init(serving channel: Channel, _ environment: [String: String]) throws(Failure) {
    self.channel = channel
    isSession = true
    var environment = environment
    environment["DELIVERY_SESSION"] = "1"
    guard let pipe = Child.inputPipe() else {
      throw Failure(.tryAgain, channel.path, "no more file descriptors", do: "try again later, or raise the limit")
    }
    input = pipe.end
    unreadEnd = pipe.input
    let child = try Child(channel.command(environment), input: pipe.input)
    attend(child, until: nil)
  }

  deinit { if input >= 0 { close(input) } }

  /// A receipt, or what is said on stderr, beyond this is cut off.
  private static let outputLimit = 65536
  /// An answer that is longer than this is no answer.
  private static let answerLimit = 1 << 20

  private func attend(_ child: Child, until deadline: Deadline?) {
    attendance = Child.Attendance(child, until: deadline) { [unowned self] piece in
      output += piece.prefix((isSession ? Self.answerLimit : Self.outputLimit) - output.count)
      return .more
    } onError: { [unowned self] piece in
      error += piece.prefix(Self.outputLimit - error.count)
    }
  }

  /// Gives a session its next message.
  func give(_ message: ChannelMessage, until deadline: Deadline) {
    (output, error) = ([], [])
    wasNotRead = false
    messageID = message.id.description
    let frame = message.frame()
    (unread, frameLength) = (frame[...], frame.count)
    isBusy = true
    attendance.setDue(deadline)
    write()
  }

  /// A session that may get another message.
  var isReady: Bool {
    guard isSession, !isBusy, !hasEnded, !isSpent else { return false }
    // It may have ended, or said something that nobody had asked for.
    var polled = polled
    poll(&polled, nfds_t(polled.count), 0)
    _ = attend(polled[...])
    return !hasEnded && output.isEmpty
  }

  /// No more messages: it ends by itself, or is ended.
  func dismiss() {
    if input >= 0 { close(input) }
    input = -1
    attendance.setDue(Deadline(after: .seconds(5)))
  }

  /// What to poll for.
  var polled: [pollfd] {
    if simulated != nil { return [] }
    return attendance.polled + [pollfd(fd: unread.isEmpty ? -1 : input, events: Int16(POLLOUT), revents: 0)]
  }

  /// When something is to be done, whatever poll(2) says.
  var due: Deadline? { simulated != nil ? Deadline(after: .zero) : attendance.due }

  /// We were asked to stop.
  func stop(_ number: Int32) { attendance?.stop(number) }

  /// - Parameter polled: what was asked for, as poll(2) left it.
  /// - Returns: how the message under way ended, once it has.
  func attend(_ polled: ArraySlice<pollfd>) -> Outcome? {
    if let outcome = simulated {
      (isBusy, hasEnded) = (false, true)
      return outcome
    }
    if let last = polled.last, last.revents != 0 { write() }
    let wasDue = isBusy && attendance.due.map(\.hasPassed) ?? false
    let end = attendance.attend(polled.dropLast())
    if end != nil { hasEnded = true }
    if let answer = sessionAnswer() {
      isBusy = false
      // Told to end already, it is not believed to be of use.
      if wasDue || isSpent { isSpent = true } else { attendance.setDue(nil) }
      return answer
    }
    guard let end, isBusy else { return nil }
    isBusy = false
    if !isSession { return judge(end) }
    wasNotRead = isUnread
    if wasNotRead { return .refused("\(channel.name): \(end.spoken) before it read the message") }
    if let number = end.stoppedBy { return .stopped(number) }
    let said = String(decoding: error, as: UTF8.self).split(separator: "\n").last.map { ": \($0)" } ?? ""
    return .ambiguous("\(channel.name): \(end.spoken) without an answer\(said)")
  }

  /// Whether all that was written of the message still lies in the pipe.
  private var isUnread: Bool {
    guard let unreadEnd else { return false }
    return Child.unreadBytes(in: unreadEnd) >= frameLength - unread.count
  }

  /// What it has said on stderr meanwhile.
  func takeError() -> String {
    defer { error = [] }
    return String(decoding: error, as: UTF8.self)
  }

  private func judge(_ end: Child.Outcome) -> Outcome {
    let said = String(decoding: error, as: UTF8.self).split(separator: "\n").last.map(String.init) ?? end.spoken
    return Channel.judge(end, output: String(decoding: output, as: UTF8.self), reason: "\(channel.name): \(said)")
  }

  private func sessionAnswer() -> Outcome? {
    guard isSession, isBusy, !output.isEmpty else { return nil }
    do {
      guard let frame = try Frame(takenFrom: &output) else {
        guard output.count >= Self.answerLimit else { return nil }
        throw MalformedText(line: 1, found: nil, expected: "an answer of at most \(Self.answerLimit) bytes")
      }
      guard let code = frame.header["Exit"].flatMap({ Int32($0) }) else {
        throw MalformedText(line: 1, found: nil, expected: "Exit: a number")
      }
      if let id = frame.header["Delivery-ID"], id != messageID {
        throw MalformedText(line: 1, found: id, expected: "Delivery-ID: \(messageID)")
      }
      // What follows was not asked for; and what it has not read of this message it would take for the next one's.
      isSpent = isSpent || !output.isEmpty || !unread.isEmpty
      let text = String(decoding: frame.body.prefix(Self.outputLimit), as: UTF8.self)
      return Outcome(
        ExitStatus(rawValue: code), code == 0 ? text : "\(channel.name): \(text)",
        retryAfter: frame.header["Retry-After"].flatMap { Outcome.pause($0) })
    } catch {
      // Whatever follows cannot be told from the next one's answer.
      isSpent = true
      return .ambiguous("\(channel.name): its answer is not understood: \(error)")
    }
  }

  private func write() {
    while !unread.isEmpty {
      let count = unread.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
      if count > 0 { unread = unread.dropFirst(count) } else if errno != EINTR { return }
    }
  }
}
