import DashboardAPI
import Loopback
import NIOCore
import NIOHTTP1
import NIOPosix
import Spool
import Work

/// The connections, on one event loop. The steward's thread asks by the methods of `Connections`; all else happens on the loop. The
/// files of the page, which hold nothing, are served here.
final class House: @unchecked Sendable, Connections {
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let loop: any EventLoop
  private let mailbox: Mailbox<ConnectionEvent>
  private let pages: PageFiles
  // On the loop only.
  private var server: (any Channel)?
  private var conversations: [ConnectionID: Conversation] = [:]
  private var lastID = 0

  /// Beyond that many nobody is told why he is refused.
  private static let most = 2 * Limits.connections

  init(_ mailbox: Mailbox<ConnectionEvent>, pages: PageFiles) {
    self.mailbox = mailbox
    self.pages = pages
    loop = group.next()
  }

  /// - Parameter port: 0: any.
  /// - Returns: which it is.
  func listen(on port: Int) throws(Failure) -> Int {
    let (channel, bound) = try Loopback.listen(
      on: port, group, do: "give another --port, or Dashboard-Port in the spool's config",
      welcome: { try self.welcome($0) })
    loop.execute { self.server = channel }
    return bound
  }

  /// Closes all; what was written before is on its way.
  func close() {
    try? loop.submit {
      self.server?.close(promise: nil)
      for conversation in self.conversations.values { conversation.end() }
    }.wait()
  }

  // MARK: on the loop

  private func welcome(_ channel: any Channel) throws {
    guard conversations.count < Self.most else { return channel.close(promise: nil) }
    lastID += 1
    let id = lastID
    // Somebody may come before `listen` knows which port it is.
    let provenance = Provenance(port: channel.localAddress?.port ?? 0)
    let conversation = Conversation(id, in: self, provenance)
    conversations[id] = conversation
    channel.closeFuture.whenComplete { _ in
      self.conversations[id] = nil
      self.mailbox.post(.closed(id))
    }
    let pipeline = channel.pipeline.syncOperations
    let meter = Meter(conversation)
    conversation.meter = meter
    try pipeline.addHandler(meter)
    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: true, withErrorHandling: false)
    try pipeline.addHandler(conversation)
  }

  /// Where no place is left.
  func refusal() -> Refusal? {
    guard conversations.count > Limits.connections else { return nil }
    var refusal = Refusal(503, "\(Limits.connections) connections are open", do: "try again later")
    refusal.fields = [("Retry-After", "5")]
    return refusal
  }

  func ask(_ request: WebRequest, _ id: ConnectionID) {
    if let answer = pages.answer(to: request) {
      conversations[id]?.answer(answer)
    } else {
      mailbox.post(.asked(id, request))
    }
  }

  func took(_ count: Int, _ id: ConnectionID) { mailbox.post(.took(id, count)) }

  // MARK: from the steward

  func answer(_ id: ConnectionID, _ answer: Answer) { loop.execute { self.conversations[id]?.answer(answer) } }

  func begin(_ id: ConnectionID, _ answer: Answer) { loop.execute { self.conversations[id]?.begin(answer) } }

  func send(_ id: ConnectionID, _ bytes: [UInt8]) { loop.execute { self.conversations[id]?.send(bytes) } }

  func end(_ id: ConnectionID) { loop.execute { self.conversations[id]?.end() } }
}
