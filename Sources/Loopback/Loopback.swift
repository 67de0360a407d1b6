import NIOCore
import NIOPosix
import Spool

/// Where the door and the dashboard listen: on 127.0.0.1 alone.
public enum Loopback {
  /// Listens, and greets each connection on its event loop.
  /// - Parameters:
  ///   - port: 0: any.
  ///   - advice: what to do where somebody else listens there.
  ///   - options: of each connection, besides what all have.
  /// - Returns: who listens, and on which port.
  public static func listen(
    on port: Int, _ group: any EventLoopGroup, do advice: String,
    options: (ServerBootstrap) -> ServerBootstrap = { $0 },
    welcome: @escaping @Sendable (any Channel) throws -> Void
  ) throws(Failure) -> (server: any Channel, port: Int) {
    let bootstrap = options(
      ServerBootstrap(group: group)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .serverChannelOption(.backlog, value: 128)
        .childChannelOption(.socketOption(.tcp_nodelay), value: 1))
    do {
      let server =
        try bootstrap
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture { try welcome(channel) }
        }
        .bind(to: SocketAddress(ipAddress: "127.0.0.1", port: port)).wait()
      guard let bound = server.localAddress?.port else { throw Failure(.software, "127.0.0.1", "has no port") }
      return (server, bound)
    } catch let failure as Failure { throw failure } catch {
      let inUse = (error as? IOError)?.errnoCode == 98  // EADDRINUSE
      throw Failure(
        .unavailable, "127.0.0.1:\(port)", inUse ? "somebody listens there already" : "cannot be listened on: \(error)",
        do: advice)
    }
  }
}
