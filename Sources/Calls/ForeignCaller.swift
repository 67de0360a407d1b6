import Glibc
import Roster
import Spool
import Work

/// Asks an agent of somebody else's spool, as a user whom its gateway has admitted: the call is a file in our own drop there, and
/// what came of it one in our own room of answers, under the same name.
public struct ForeignCaller {
  private let spool: String
  private let agent: String
  private let drop: Directory
  private let answers: Directory
  public var options: CallOptions

  /// - Returns: nil where the spool is our own, is not there, or does not let us in.
  public init?(spool path: String, agent: String, user: String, options: CallOptions) throws(Failure) {
    let file: File
    do { file = File(try Kernel.open(path, in: nil, Kernel.passing | O_DIRECTORY), path: path) } catch { return nil }
    guard try file.status().owner != geteuid(), (try? Person.check(name: user)) != nil else { return nil }
    let root = Directory(passing: file)
    do {
      let queue = try Directory(passing: "calls-\(agent)", in: root)
      drop = try Directory(passing: "drop-\(user)", in: queue)
      answers = try Directory("re-\(user)", in: queue)
    } catch { return nil }
    spool = path
    self.agent = agent
    self.options = options
  }

  /// - Throws: `CallFailure`, or `Failure` where the call could not even be put there.
  public func call(_ prompt: [UInt8]) throws -> Caller.Answer {
    Signals.catchThem()
    let deadline = Deadline.within(options.timeout)
    let id = EntryID.make(slug: EntryID.slug(from: options.subject ?? agent))
    // Under a key the name says which call it is: the gateway makes it once, however often it is put there.
    let name = options.key.map { "key-\(sha256($0.utf8))" } ?? id.description
    let before = try answers.status(name)
    if before != nil, let answer = try answer(name, isRecorded: true) { return answer }
    let watch = Watch([answers], notice: { _ in })
    try put(name, id, prompt, deadline)
    while true {
      if let now = try answers.status(name),
        before.map({ !$0.isSameFile(as: now) || $0.changed != now.changed }) ?? true
      {
        if let answer = try answer(name, isRecorded: false) { return answer }
        throw try failure(name)
      }
      if deadline.hasPassed {
        // What nobody has taken yet will not be made.
        try? drop.unlink(name)
        throw CallFailure(.timeout, "nobody answered within its time", do: "does a gateway serve \(spool)?")
      }
      switch watch.wait(atMost: min(deadline.remaining, .seconds(2))) {
      case .signal(let number):
        try? drop.unlink(name)
        var stopped = CallFailure(.stopped, "stopped by signal \(number) while waiting")
        stopped.signal = number
        throw stopped
      case .gone(let path): throw Failure.removed(path)
      case .look: break
      }
    }
  }

  private func put(_ name: String, _ id: EntryID, _ prompt: [UInt8], _ deadline: Deadline) throws(Failure) {
    var header = Header(["Spool": "1", "Id": id.description])
    for line in CallRequest.lines(options, remaining: deadline.remaining).lines { header[line.name] = line.value }
    header["Length"] = String(prompt.count)
    let hidden = ".\(name.prefix(120)).\(SpoolDirectory.processID).part"
    let file = try drop.create(hidden, mode: 0o440)
    // Its group, which is the gateway's too, may read it, whatever our umask(2) is.
    try file.setMode(0o440)
    do {
      try file.write(header.bytes + prompt)
      try file.sync()
      try file.close()
    } catch {
      try? drop.unlink(hidden)
      throw error
    }
    if try drop.move(hidden, to: drop, as: name) == .targetExists {
      // The same call waits there already.
      try drop.unlink(hidden)
    }
  }

  /// - Returns: nil where what is there says that it failed.
  private func answer(_ name: String, isRecorded: Bool) throws -> Caller.Answer? {
    let (header, body) = try read(name)
    guard header["Status"] == "0", let id = header["Re"].flatMap({ try? EntryID($0) }) else { return nil }
    return Caller.Answer(
      id: id, text: String(decoding: body, as: UTF8.self), isRecorded: isRecorded,
      snapshot: header["Memory-Snapshot"])
  }

  private func failure(_ name: String) throws -> CallFailure {
    let (header, _) = try read(name)
    let kind = header["Class"].flatMap { CallFailure.Class(rawValue: $0) } ?? .refused
    return CallFailure(
      kind, header["Why"] ?? "failed", at: header["Try-Again"].flatMap { Timestamp(rfc3339: $0) })
  }

  private func read(_ name: String) throws -> (Header, [UInt8]) {
    guard let file = try answers.open(name), let bytes = try file.readAll(limit: Entry.sizeLimit) else {
      throw CallFailure(.refused, "its answer was removed")
    }
    let (header, start) = try Header.parse(bytes)
    return (header, Array(bytes[start...]))
  }
}
