import Door
import NIOCore
import NIOWebSocket
import Work

/// One connection: puts fragments together, answers pings, and holds back what its client does not read, up to a limit.
final class Line: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame
  typealias OutboundOut = WebSocketFrame

  let id: LineID
  private let gate: Gate
  private let mailbox: Mailbox<LineEvent>
  private var context: ChannelHandlerContext?
  /// Of a message that is not complete.
  private var fragments: ByteBuffer?
  /// What the socket does not take yet.
  private var held = CircularBuffer<WebSocketFrame>()
  private var heldBytes = 0
  /// What the clerk has not dealt with.
  private var ahead = (bytes: 0, requests: 0)
  private var isReading = true
  /// We have said our last word.
  private var isClosing = false

  init(_ id: LineID, gate: Gate, _ mailbox: Mailbox<LineEvent>) {
    self.id = id
    self.gate = gate
    self.mailbox = mailbox
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  // MARK: what comes

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = Self.unwrapInboundIn(data)
    if frame.opcode == .connectionClose { return hangUp(frame, context) }
    if isClosing { return }
    guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
      return close(.protocolError, "frames from a client are masked, and have no extension")
    }
    switch frame.opcode {
    case .ping: write(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData))
    case .pong: break
    case .text where fragments == nil: take(frame, after: ByteBuffer())
    case .continuation:
      guard let before = fragments else { return close(.protocolError, "nothing to continue") }
      fragments = nil
      take(frame, after: before)
    case .binary: close(.unsupportedData, "text only")
    default: close(.protocolError, "not a frame for now")
    }
  }

  private func take(_ frame: WebSocketFrame, after before: ByteBuffer) {
    guard before.readableBytes + frame.length <= Policy.maxPayload else {
      return close(.tooLarge, "a message has at most \(Policy.maxPayload) bytes")
    }
    var message = before
    var data = frame.unmaskedData
    message.writeBuffer(&data)
    guard frame.fin else {
      fragments = message
      return
    }
    ahead.bytes += message.readableBytes
    ahead.requests += 1
    mailbox.post(.said(id, Array(message.readableBytesView)))
    readOrNot()
  }

  func took(_ bytes: Int) {
    ahead.bytes -= bytes
    ahead.requests -= 1
    readOrNot()
  }

  /// Who is far ahead is read no further, and will find that he cannot write.
  private func readOrNot() {
    let shouldRead = isClosing || (ahead.bytes <= Policy.maxAhead && ahead.requests <= Policy.maxRequestsAhead)
    guard shouldRead != isReading, let context else { return }
    isReading = shouldRead
    // Turned on, it reads by itself.
    try? context.channel.syncOptions?.setOption(.autoRead, value: shouldRead)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case NIOWebSocketError.invalidFrameLength: close(.tooLarge, "a message has at most \(Policy.maxPayload) bytes")
    case is NIOWebSocketError: close(.protocolError, "a malformed control frame")
    default: context.close(promise: nil)
    }
  }

  func admit() { gate.lift() }

  // MARK: what goes

  func send(_ message: [UInt8], isDroppable: Bool) {
    if isClosing || isDroppable && !held.isEmpty { return }
    write(WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(bytes: message)))
  }

  private func write(_ frame: WebSocketFrame) {
    held.append(frame)
    heldBytes += frame.length
    pump()
    guard heldBytes > Policy.maxBuffered, !isClosing else { return }
    // What it would not read is on record; it asks for it when it comes back.
    held.removeAll()
    heldBytes = 0
    complain("[gateway] connection \(id): slow consumer: closed")
    close(.policy, "slow consumer")
  }

  /// Gives the socket as much as it takes.
  private func pump() {
    guard let context else { return }
    var hasWritten = false
    while context.channel.isWritable, let frame = held.popFirst() {
      heldBytes -= frame.length
      hasWritten = true
      if frame.opcode == .connectionClose {
        let bound = context.loopBound
        // Our side only: what the client still sends must not make the kernel forget what we have said.
        context.writeAndFlush(Self.wrapOutboundOut(frame)).assumeIsolated().whenComplete { _ in
          bound.value.close(mode: .output, promise: nil)
        }
        return
      }
      context.write(Self.wrapOutboundOut(frame), promise: nil)
    }
    if hasWritten { context.flush() }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    pump()
    context.fireChannelWritabilityChanged()
  }

  /// Says why, behind all that was said; ends when the client has heard it, or does not listen.
  func close(_ code: CloseCode, _ reason: String) {
    guard !isClosing, let context else { return }
    isClosing = true
    fragments = nil
    var data = ByteBuffer()
    data.write(webSocketErrorCode: WebSocketErrorCode(codeNumber: Int(code.rawValue)))
    data.writeString(String(reason.prefix(100)))
    write(WebSocketFrame(fin: true, opcode: .connectionClose, data: data))
    readOrNot()
    let bound = context.loopBound
    context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(Policy.linger)) { bound.value.close(promise: nil) }
  }

  /// The client's goodbye, or its answer to ours.
  private func hangUp(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
    if isClosing { return context.close(promise: nil) }
    isClosing = true
    held.removeAll()
    var data = frame.unmaskedData
    let code = data.readSlice(length: 2) ?? ByteBuffer()
    let bound = context.loopBound
    context.writeAndFlush(Self.wrapOutboundOut(WebSocketFrame(fin: true, opcode: .connectionClose, data: code)))
      .assumeIsolated().whenComplete { _ in bound.value.close(promise: nil) }
  }
}
