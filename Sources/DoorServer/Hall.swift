import Door
import Loopback
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Spool
import Work

/// The connections, on one event loop. The clerk's thread asks by the methods of `Lines`; all else happens on the loop.
final class Hall: @unchecked Sendable, Lines {
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let loop: any EventLoop
  private let mailbox: Mailbox<LineEvent>
  // On the loop only.
  private var server: (any Channel)?
  private var lines: [LineID: Line] = [:]
  private var lastID = 0
  /// Connections, those included that are no WebSocket yet.
  private var count = 0

  /// Beyond that many who have not said what they want nobody is told why he is refused.
  private static let most = 2 * Policy.connections

  init(_ mailbox: Mailbox<LineEvent>) {
    self.mailbox = mailbox
    loop = group.next()
  }

  /// - Parameter port: 0: any.
  /// - Returns: which it is.
  func listen(on port: Int) throws(Failure) -> Int {
    let (channel, bound) = try Loopback.listen(
      on: port, group, do: "give another --port",
      // A message in one write, and the next when that is through.
      options: { $0.childChannelOption(.writeBufferWaterMark, value: .init(low: 65536, high: 262_144)) },
      welcome: { try self.welcome($0) })
    loop.execute { self.server = channel }
    return bound
  }

  // MARK: on the loop

  private func welcome(_ channel: any Channel) throws {
    guard count < Self.most else { return channel.close(promise: nil) }
    count += 1
    channel.closeFuture.whenComplete { _ in self.count -= 1 }
    let gate = Gate()
    let door = server?.localAddress?.port ?? channel.localAddress?.port ?? 0
    let upgrader = NIOWebSocketServerUpgrader(
      maxFrameSize: Policy.maxPayload, automaticErrorHandling: false,
      shouldUpgrade: { channel, head in
        let refused = Refusal(head, port: door, isFull: self.lines.count >= Policy.connections)
        return channel.eventLoop.makeSucceededFuture(refused == nil ? HTTPHeaders() : nil)
      },
      upgradePipelineHandler: { channel, _ in
        channel.eventLoop.makeCompletedFuture { try self.open(channel) }
      })
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandler(gate)
    try pipeline.configureHTTPServerPipeline(
      withPipeliningAssistance: false,
      withServerUpgrade: (
        upgraders: [upgrader],
        completionHandler: { context in
          // It has answered the request that was none of ours.
          if let refuser = try? context.pipeline.syncOperations.handler(type: Refuser.self) {
            context.pipeline.syncOperations.removeHandler(refuser, promise: nil)
          }
        }
      ))
    try pipeline.addHandler(Refuser(port: door) { [weak self] in (self?.lines.count ?? 0) >= Policy.connections })
  }

  private func open(_ channel: any Channel) throws {
    lastID += 1
    let id = lastID
    let gate = try channel.pipeline.syncOperations.handler(type: Gate.self)
    let line = Line(id, gate: gate, mailbox)
    gate.line = line
    lines[id] = line
    try channel.pipeline.syncOperations.addHandler(line)
    mailbox.post(.opened(id, port: channel.remoteAddress?.port ?? 0))
    channel.closeFuture.whenComplete { _ in
      self.lines[id] = nil
      self.mailbox.post(.closed(id))
    }
  }

  // MARK: from the clerk

  func send(_ message: [UInt8], to line: LineID, isDroppable: Bool) {
    loop.execute { self.lines[line]?.send(message, isDroppable: isDroppable) }
  }

  func admit(_ line: LineID) { loop.execute { self.lines[line]?.admit() } }

  func took(_ bytes: Int, of line: LineID) { loop.execute { self.lines[line]?.took(bytes) } }

  func close(_ line: LineID, _ code: CloseCode, _ reason: String) {
    loop.execute { self.lines[line]?.close(code, reason) }
  }

  func stopListening() { loop.execute { self.server?.close(promise: nil) } }
}
