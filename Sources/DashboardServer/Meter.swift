import NIOCore

/// Before anybody reads what a client sends: how much it is, for the parser of heads would take more than we do.
final class Meter: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let conversation: Conversation

  init(_ conversation: Conversation) { self.conversation = conversation }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    conversation.comes(Self.unwrapInboundIn(data).readableBytes)
    context.fireChannelRead(data)
    conversation.hasCome()
  }
}
