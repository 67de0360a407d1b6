import DashboardAPI
import NIOCore
import NIOHTTP1

/// One connection: one request after the other, each within its limits, and to each its answer. An answer is not over, and the next
/// request not read, before the socket has taken it.
final class Conversation: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private enum State {
    case idle
    /// Some of a head has come.
    case head
    case body
    /// Somebody else has it in hand.
    case asked
    case answering
    case streaming
    /// We have said our last word.
    case closing
  }

  let id: ConnectionID
  private let house: House
  private let provenance: Provenance
  private var state = State.idle
  weak var meter: Meter?
  private var context: ChannelHandlerContext?
  private var request: WebRequest?
  /// Of this request, whatever they are: what stands between the pieces of a body counts too.
  private var bytes = 0
  private var isHeadOnly = false
  private var isLast = false
  private var timer: Scheduled<Void>?

  init(_ id: ConnectionID, in house: House, _ provenance: Provenance) {
    self.id = id
    self.house = house
    self.provenance = provenance
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.cancel()
    self.context = nil
  }

  func channelActive(context: ChannelHandlerContext) { limit(Limits.request) { $0.close(promise: nil) } }

  private func limit(_ span: Duration, _ action: @escaping (ChannelHandlerContext) -> Void) {
    timer?.cancel()
    guard let context else { return }
    let bound = context.loopBound
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(span)) { action(bound.value) }
  }

  // MARK: what comes

  /// So many bytes, which nobody has read yet.
  func comes(_ count: Int) {
    if state == .idle {
      state = .head
      bytes = 0
      limit(Limits.request) { [unowned self] _ in
        refuse(408, "the request has taken longer than \(Limits.request.components.seconds) s")
      }
    }
    if state == .head || state == .body { bytes += count }
  }

  /// They were read.
  func hasCome() {
    if state == .head && bytes > Limits.head { refuseHead() }
    if state == .body && bytes > Limits.head + Limits.body { refuseBody() }
  }

  private func refuseHead() { refuse(431, "the head of the request has more than \(Limits.head) bytes") }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch Self.unwrapInboundIn(data) {
    case .head(let head):
      if state == .idle || state == .head { begin(head) }
    case .body(let piece):
      guard state == .body else { return }
      request?.body += Array(piece.readableBytesView)
      if request?.body.count ?? 0 > Limits.body { refuseBody() }
    case .end:
      guard state == .body, let request else { return }
      self.request = nil
      timer?.cancel()
      state = .asked
      house.ask(request, id)
    }
  }

  private func refuseBody() { refuse(413, "the body of the request has more than \(Limits.body) bytes") }

  private func begin(_ head: HTTPRequestHead) {
    // It came with the one before.
    if state == .idle { bytes = 0 }
    state = .body
    isHeadOnly = head.method == .HEAD
    isLast = !head.isKeepAlive
    let fields = head.headers.map { (name: $0.name, value: $0.value) }
    let size = head.uri.utf8.count + fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
    if size > Limits.head { return refuseHead() }
    let request = WebRequest(
      method: head.method.rawValue, target: head.uri, fields: fields, port: context?.channel.remoteAddress?.port ?? 0)
    if let refusal = provenance.refusal(of: request) ?? house.refusal() { return refuse(refusal) }
    if let length = request["Content-Length"].first.flatMap({ Int($0) }), length > Limits.body { return refuseBody() }
    self.request = request
  }

  private func refuse(_ status: Int, _ words: String) { refuse(Refusal(status, words)) }

  /// Nothing more is read of a connection that was refused something before it was read to its end.
  private func refuse(_ refusal: Refusal) {
    switch state {
    case .body:
      request = nil
      isLast = true
      state = .asked
      meter?.isShut = true
      answer(refusal.answer)
    case .head:
      state = .closing
      meter?.refuse(refusal)
      hangUp()
    default: break
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if state == .closing { return }
    if error is HTTPParserError, [.idle, .head, .body].contains(state) {
      meter?.refuse(Refusal(400, "this is no request of HTTP/1.1", do: "docs/dashboard.md says what there is"))
    }
    state = .closing
    hangUp()
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    state = .closing
    context.fireChannelInactive()
  }

  // MARK: what goes

  private func write(_ answer: Answer, length: Int?) -> EventLoopFuture<Void>? {
    guard let context else { return nil }
    var headers = HTTPHeaders((answer.fields + Answer.always).map { ($0.name, $0.value) })
    if let length, answer.status != 204 { headers.add(name: "Content-Length", value: "\(length)") }
    if isLast { headers.add(name: "Connection", value: "close") }
    let status = HTTPResponseStatus(statusCode: answer.status)
    let head = HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))
    if isHeadOnly || answer.body.isEmpty { return context.writeAndFlush(Self.wrapOutboundOut(head)) }
    context.write(Self.wrapOutboundOut(head), promise: nil)
    return context.writeAndFlush(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))))
  }

  func answer(_ answer: Answer) {
    guard state == .asked, let context else { return }
    state = .answering
    limit(Limits.answer) { $0.close(promise: nil) }
    // Its end is written when the rest of it is through: with it comes the next request.
    write(answer, length: answer.body.count)?.assumeIsolated().whenSuccess { [self] in
      guard state == .answering else { return }
      timer?.cancel()
      state = isLast ? .closing : .idle
      if !isLast { limit(Limits.idle) { $0.close(promise: nil) } }
      context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
      if state == .closing { hangUp() }
    }
  }

  func begin(_ answer: Answer) {
    guard state == .asked else { return }
    state = .streaming
    timer?.cancel()
    isLast = true
    _ = write(answer, length: nil)
  }

  func send(_ bytes: [UInt8]) {
    guard state == .streaming, let context else { return }
    let part = HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: bytes)))
    context.writeAndFlush(Self.wrapOutboundOut(part)).assumeIsolated().whenSuccess { [self] in
      house.took(bytes.count, id)
    }
  }

  func end() {
    guard state == .streaming, let context else { return }
    state = .closing
    context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
    hangUp()
  }

  /// Our side only, behind all that was said: what the client still sends must not make the kernel forget it.
  private func hangUp() {
    guard let context else { return }
    context.close(mode: .output, promise: nil)
    limit(Limits.linger) { $0.close(promise: nil) }
  }
}
