import Door
import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Why a request does not become a WebSocket; nil: it may.
struct Refusal {
  let status: HTTPResponseStatus
  let words: String

  /// - Parameter isFull: whether there is no place left.
  init?(_ head: HTTPRequestHead, port: Int, isFull: Bool) {
    let own = ["127.0.0.1", "localhost", "[::1]"]
    let host = head.headers["Host"]
    // A page of the web that a browser here has loaded may reach us, by a name that its server lets lead here; but it cannot hide
    // where it comes from.
    if host.count != 1 || !(own + own.map { "\($0):\(port)" }).contains(host[0].lowercased()) {
      (status, words) = (.forbidden, "Host: not of this machine")
    } else if head.headers.contains(name: "Origin") {
      (status, words) = (.forbidden, "Origin: no page of a browser may call")
    } else if head.uri != "/" {
      (status, words) = (.notFound, "there is only /")
    } else if head.method != .GET
      || !head.headers[canonicalForm: "Upgrade"].contains(where: { $0.lowercased() == "websocket" })
    {
      (status, words) = (.upgradeRequired, "this is a WebSocket: docs/gateway-protocol.md")
    } else if isFull {
      (status, words) = (.serviceUnavailable, "\(Policy.connections) connections are open: try again later")
    } else {
      return nil
    }
  }
}

/// Answers a request that has not become a WebSocket, and closes.
final class Refuser: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let port: Int
  private let isFull: () -> Bool
  private var hasAnswered = false

  init(port: Int, isFull: @escaping () -> Bool) {
    self.port = port
    self.isFull = isFull
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .head(let head) = Self.unwrapInboundIn(data), !hasAnswered else { return }
    hasAnswered = true
    let refusal = Refusal(head, port: port, isFull: isFull())
    // Its handshake is malformed where nothing else is wrong.
    let status = refusal?.status ?? .badRequest
    let words = (refusal?.words ?? "Sec-WebSocket-Key, Sec-WebSocket-Version: 13 is needed") + "\n"
    var headers = HTTPHeaders([
      ("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "\(words.utf8.count)"), ("Connection", "close"),
    ])
    if status == .upgradeRequired { headers.add(name: "Upgrade", value: "websocket") }
    if status == .serviceUnavailable { headers.add(name: "Retry-After", value: "5") }
    context.write(
      Self.wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
    context.write(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: words)))), promise: nil)
    let bound = context.loopBound
    context.writeAndFlush(Self.wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
      bound.value.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // A handshake that failed: its request comes behind it, and is answered. What is no HTTP has had its answer.
    if !(error is NIOWebSocketUpgradeError) { context.close(promise: nil) }
  }
}
