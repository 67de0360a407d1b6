import ArgumentParser
import CommandLine
import Spool

extension SpoolTool {
  struct Age: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "age", abstract: "How old what waits is: a histogram of each queue and room.",
      discussion: "Each column counts the entries younger than its head and older than the one before; T is the total.")

    @OptionGroup var spool: SpoolOptions
    @Flag(help: "One JSON object a line.") var json = false
    @Argument(help: "Queues; default: all.") var queues: [String] = []

    private struct Row: Encodable {
      var queue: String
      var room: String
      var total: Int
      /// Entries younger than each limit, and from the one before on; the last: older than all.
      var counts: [Int]
      var limitsInSeconds = Age.limits.map(\.seconds)
      var oldest: String
    }

    fileprivate static let limits: [(head: String, seconds: Int)] = [
      ("1m", 60), ("5m", 300), ("20m", 1200), ("1h", 3600), ("4h", 14400), ("1d", 86400), ("1w", 604_800),
    ]

    func run() throws {
      let opened = try spool.open(as: "spool")
      var rows: [Row] = []
      for name in queues.isEmpty ? try opened.queueNames() : queues {
        let queue = try opened.queue(name)
        for room in [Room.new, .run, .wait, .hold, .fail] {
          let times = try queue.entries(in: room).map(\.name.id.time)
          guard let oldest = times.min() else { continue }
          var counts = [Int](repeating: 0, count: Self.limits.count + 1)
          for time in times {
            let age = Int((Timestamp.now - time).nanoseconds / 1_000_000_000)
            counts[Self.limits.firstIndex { age < $0.seconds } ?? Self.limits.count] += 1
          }
          rows.append(
            Row(queue: name, room: room.rawValue, total: times.count, counts: counts, oldest: oldest.rfc3339Seconds))
        }
      }
      if json {
        for row in rows { output(try JSONLine.encode(row)) }
      } else {
        let head = ["queue", "room", "T"] + Self.limits.map(\.head) + ["1w+", "oldest"]
        output(
          Table.aligned(
            [head] + rows.map { [$0.queue, $0.room, String($0.total)] + $0.counts.map(String.init) + [$0.oldest] }))
      }
    }
  }
}
