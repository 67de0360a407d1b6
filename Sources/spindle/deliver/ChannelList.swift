import CommandLine
import Deliveries
import Spool

/// `deliver --channels`: each channel, whether it can send as it is configured, and what it promises.
struct ChannelList {
  let spool: SpoolDirectory
  let json: Bool

  private struct Row: Encodable {
    var name, path, promise, summary, address, state: String
    var idempotent: Bool
    var ready: Bool?
  }

  func print() throws {
    let courier = try Courier(spool)
    let channels = try Channel.all(
      in: spool, installed: courier.installedChannels, executable: courier.executable)
    let rows = try channels.map { channel in
      let check = try channel.check(in: spool)
      return Row(
        name: channel.name, path: channel.path, promise: Self.promise(channel.promise),
        summary: channel.promise.summary.isEmpty ? "a channel of your own: \(channel.path)" : channel.promise.summary,
        address: channel.promise.address, state: check?.words ?? "", idempotent: channel.promise.isIdempotent,
        ready: check?.isReady)
    }
    if json {
      for row in rows { output(try JSONLine.encode(row)) }
      return
    }
    for row in rows {
      output("\(row.name): \(row.summary)".printable)
      if !row.address.isEmpty { output("  address:  behind \(row.name): \(row.address)".printable) }
      output("  promise:  \(row.promise)".printable)
      if let ready = row.ready { output("  \(ready ? "ready:  " : "not yet:")  \(row.state)".printable) }
    }
  }

  private static func promise(_ promise: Promise) -> String {
    if !promise.semantics.isEmpty { return promise.semantics }
    return promise.isIdempotent
      ? "at least once; the same ID twice does no harm" : "at least once; at most once with --in-doubt hold or drop"
  }
}
