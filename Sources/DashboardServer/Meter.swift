import DashboardAPI
import NIOCore
import NIOHTTP1

/// Before anybody reads what a client sends: how much it is, for the parser of heads would take more than we do. And an answer where
/// there is no whole head to answer to.
final class Meter: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private unowned let conversation: Conversation
  private var context: ChannelHandlerContext?
  /// Whether nothing more is read.
  var isShut = false

  init(_ conversation: Conversation) { self.conversation = conversation }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if isShut { return }
    conversation.comes(Self.unwrapInboundIn(data).readableBytes)
    context.fireChannelRead(data)
    conversation.hasCome()
  }

  /// The last word of this connection.
  func refuse(_ refusal: Refusal) {
    isShut = true
    let answer = refusal.answer
    var fields = answer.fields + Answer.always
    fields += [("Content-Length", "\(answer.body.count)"), ("Connection", "close")]
    let status = HTTPResponseStatus(statusCode: answer.status)
    let head =
      "HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n" + fields.map { "\($0.name): \($0.value)\r\n" }.joined()
    let text = head + "\r\n" + String(decoding: answer.body, as: UTF8.self)
    context?.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
  }
}
