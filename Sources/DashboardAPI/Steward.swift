import Glibc
import Spool
import Work

/// Answers what is asked about one spool, and writes nothing but replies to requests, a line of the journal for each login, and that it
/// lives (`heartbeats/dashboard`).
///
/// One thread, one poll(2): requests from the connections, lines of the journal, signals, the clock. It keeps nothing that a restart
/// would lose: who is logged in is said by his cookie, where a stream goes on by its reader.
public final class Steward {
  let spool: SpoolDirectory
  let connections: any Connections
  let port: Int
  let feed: JournalFeed
  var lockout = Lockout()
  private let mailbox: Mailbox<ConnectionEvent>
  private let document: () throws(Failure) -> [UInt8]
  private let watch: Watch
  private let pulse: Pulse
  /// Who waits for the document.
  private var waiting: [ConnectionID] = []
  private var streams: [ConnectionID: EventStream] = [:]
  private var nextDocument = Deadline(after: .zero)
  private var nextTick = Deadline(after: tick)

  /// How often who listens hears that we live.
  static let tick = Duration.seconds(15)
  /// Within that time the document is made once, however many ask; and it takes no more than a quarter of our time.
  static let documentPause = Duration.milliseconds(250)

  /// - Parameters:
  ///   - port: ours.
  ///   - document: how the spool stands, as JSON.
  public init(
    _ spool: SpoolDirectory, _ mailbox: Mailbox<ConnectionEvent>, connections: any Connections, port: Int,
    document: @escaping () throws(Failure) -> [UInt8]
  ) throws(Failure) {
    self.spool = spool
    self.mailbox = mailbox
    self.connections = connections
    self.port = port
    self.document = document
    let journal = try spool.directory("journal")
    feed = JournalFeed(directory: journal)
    watch = Watch([journal], notice: spool.notice, events: .writes)
    pulse = try Pulse("dashboard", in: spool)
  }

  /// Until a signal ends it.
  /// - Returns: which.
  public func run() throws(Failure) -> Int32 {
    while true { if let number = try turn() { return number } }
  }

  /// Waits until there is something to do, and does it.
  /// - Returns: the signal that ends it.
  func turn() throws(Failure) -> Int32? {
    pulse.beat()
    var pauses = [nextTick.remaining]
    if !waiting.isEmpty { pauses.append(nextDocument.remaining) }
    var polled = [mailbox.polled]
    switch watch.wait(atMost: pauses.min(), or: &polled) {
    case .gone(let path): throw .removed(path)
    case .signal(SIGHUP), .look: break
    case .signal(let number):
      end()
      return number
    }
    for event in mailbox.takeAll(isReady: polled[0].revents != 0) { try handle(event) }
    if watch.hasFired {
      watch.hasFired = false
      try tellAll()
    }
    if !waiting.isEmpty && nextDocument.hasPassed { try makeDocument() }
    if nextTick.hasPassed { try beat() }
    return nil
  }

  /// Whoever listens learns that nothing more comes; what was asked meanwhile is not answered, and asked again of the next one.
  private func end() {
    for id in streams.keys { connections.end(id) }
    pulse.end()
  }

  private func handle(_ event: ConnectionEvent) throws(Failure) {
    switch event {
    case .asked(let id, let request): try answer(request, id)
    case .took(let id, let count):
      guard streams[id] != nil else { return }
      streams[id]!.ahead -= count
      streams[id]!.tookAt = Kernel.uptime()
      try tell(id)
    case .closed(let id):
      streams[id] = nil
      waiting.removeAll { $0 == id }
    }
  }

  private func answer(_ request: WebRequest, _ id: ConnectionID) throws(Failure) {
    do {
      switch try reply(to: request) {
      case .answer(let answer): connections.answer(id, answer)
      case .document: waiting.append(id)
      case .events(let stream):
        streams[id] = stream
        connections.begin(id, Answer(200, type: "text/event-stream", []))
        send(id, stream.greeting)
        try tell(id)
      }
    } catch {
      connections.answer(id, Refusal(error).answer)
      // What could not be flushed is lost, and the next flush would not say so.
      if let failure = error as? Failure, failure.isFailedFlush { throw failure }
    }
  }

  // MARK: the document

  private func makeDocument() throws(Failure) {
    let ids = waiting
    waiting = []
    let begun = Kernel.uptime()
    let answer: Answer
    do throws(Failure) { answer = .json(200, line: try document()) } catch {
      if error.isFailedFlush { throw error }
      answer = Refusal(error).answer
    }
    for id in ids { connections.answer(id, answer) }
    nextDocument = Deadline(after: max(Self.documentPause, .nanoseconds(3 * (Kernel.uptime() - begun))))
  }

  // MARK: who listens

  private func tellAll() throws(Failure) {
    if streams.isEmpty { return }
    dropStrangers()
    for id in streams.keys { try tell(id) }
  }

  /// As much as it can take.
  private func tell(_ id: ConnectionID) throws(Failure) {
    while var stream = streams[id], stream.ahead < EventStream.mostAhead {
      let lines: [JournalFeed.Line]
      do throws(Failure) { lines = try feed.next(after: &stream.position, where: JournalFeed.isObject) } catch {
        if error.isFailedFlush { throw error }
        // One who cannot be told more comes again; nobody else need know.
        spool.notice("a stream is ended: \(error)")
        streams[id] = nil
        connections.end(id)
        return
      }
      streams[id] = stream
      if lines.isEmpty { return }
      send(id, EventStream.words(lines))
    }
  }

  private func send(_ id: ConnectionID, _ bytes: [UInt8]) {
    streams[id]?.ahead += bytes.count
    connections.send(id, bytes)
  }

  private func beat() throws(Failure) {
    nextTick = Deadline(after: Self.tick)
    dropStrangers()
    for (id, stream) in streams {
      if stream.ahead == 0 {
        send(id, EventStream.comment)
      } else if Kernel.uptime() - stream.tookAt > EventStream.patience.nanoseconds {
        streams[id] = nil
        connections.end(id)
      }
    }
    // Where nothing tells what is written.
    try tellAll()
  }

  /// Who was let in by a token that holds no longer hears nothing more.
  private func dropStrangers() {
    let mark = (try? DashboardToken.read(in: spool))?.mark
    for (id, stream) in streams where stream.mark != mark {
      streams[id] = nil
      connections.end(id)
    }
  }
}
