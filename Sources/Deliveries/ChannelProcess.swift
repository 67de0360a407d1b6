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
    let child: Child
    do { child = try Child(channel.command(environment), input: pipe.input) } catch {
      close(input)
      throw error
    }
    attend(child, until: nil)
  }

  deinit { if input >= 0 { close(input) } }

  /// Answers and words beyond this are no receipt.
  private static let outputLimit = 65536

  private func attend(_ child: Child, until deadline: Deadline?) {
    attendance = Child.Attendance(child, until: deadline) { [unowned self] piece in
      output += piece.prefix(Self.outputLimit - output.count)
      return .more
    } onError: { [unowned self] piece in
      error += piece.prefix(Self.outputLimit - error.count)
    }
  }

  /// Gives a session its next message.
  func give(_ message: ChannelMessage, until deadline: Deadline) {
    (output, error) = ([], [])
    let frame = message.frame()
    (unread, frameLength) = (frame[...], frame.count)
    isBusy = true
    attendance.setDue(deadline)
    write()
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

  /// - Returns: how the message under way ended, once it has; and the signal that ended it.
  func attend(_ polled: ArraySlice<pollfd>) -> Outcome? {
    if let outcome = simulated {
      (isBusy, hasEnded) = (false, true)
      return outcome
    }
    if let last = polled.last, last.revents != 0 { write() }
    let end = attendance.attend(polled.dropLast())
    if let answer = sessionAnswer() {
      isBusy = false
      attendance.setDue(nil)
      if end != nil { hasEnded = true }
      return answer
    }
    guard let end else { return nil }
    hasEnded = true
    guard isBusy else { return nil }
    isBusy = false
    // Not a byte of it was read: as if it had never been given.
    if isSession && unread.count == frameLength {
      return .refused("\(channel.name): \(end.spoken) before it was given the message", after: .seconds(1))
    }
    if isSession && end.end == .exited(0) { return .ambiguous("\(channel.name): ended without an answer") }
    return judge(end)
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
    guard isSession, isBusy else { return nil }
    do {
      guard let frame = try Frame(takenFrom: &output) else { return nil }
      let text = String(decoding: frame.body, as: UTF8.self)
      guard let code = frame.header["Exit"].flatMap({ Int32($0) }) else {
        return .ambiguous("\(channel.name): answered without Exit:")
      }
      let reason = code == 0 ? text : "\(channel.name): \(text)"
      return Outcome(
        ExitStatus(rawValue: code), reason, retryAfter: frame.header["Retry-After"].flatMap { Outcome.pause($0) })
    } catch {
      // Whatever follows cannot be told from the next one's answer.
      attendance.setDue(Deadline(after: .zero))
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
