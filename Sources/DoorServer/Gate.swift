import Door
import NIOCore

/// Before anybody reads what a client sends: until it has shown its token it may send little, and has not long to do so.
final class Gate: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  /// Once it is a WebSocket.
  weak var line: Line?
  private var count = 0
  private var isOpen = false
  private var isShut = false
  private var timer: Scheduled<Void>?

  func lift() {
    isOpen = true
    timer?.cancel()
    timer = nil
  }

  func channelActive(context: ChannelHandlerContext) {
    let bound = context.loopBound
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(Policy.connectWithin)) {
      self.refuse(bound.value, .policy, "no connect within \(Policy.connectWithin.components.seconds) s")
    }
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    lift()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if isShut { return }
    if !isOpen {
      count += Self.unwrapInboundIn(data).readableBytes
      if count > Policy.maxBeforeConnect {
        return refuse(context, .tooLarge, "more than \(Policy.maxBeforeConnect) bytes before connect")
      }
    }
    context.fireChannelRead(data)
  }

  private func refuse(_ context: ChannelHandlerContext, _ code: CloseCode, _ reason: String) {
    isShut = true
    if let line { line.close(code, reason) } else { context.close(promise: nil) }
  }
}
