import ArgumentParser
import Glibc
import Spool

/// Spindle's side of bin/bench: the library in one process, timed by itself, so that start-up is not in the figure. Each verb
/// says "ready", waits for a byte, or the end, of its standard input (the common start of several processes), and prints one JSON object.
@main
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "spindle-bench", abstract: "Time the spool's library.",
    subcommands: [Cycle.self, Fill.self, Drain.self])

  /// Publishes, claims and finishes its own items.
  struct Cycle: ParsableCommand {
    @Argument var spool: String
    @Argument var queue: String
    @Argument var count: Int
    @Argument var batch: Int

    func run() throws {
      let queue = try opened(spool, queue)
      let draft = Draft(body: item)
      try timed(count) {
        var left = count
        while left > 0 {
          let size = min(batch, left)
          left -= size
          if size == 1 {
            let id = try queue.publish(draft)
            guard case .claimed(let claim) = try queue.claim(id.description, in: .new) else { throw Lost(id: id) }
            try claim.finish()
          } else {
            let ids = try queue.publish([Draft](repeating: draft, count: size))
            let claims = try queue.claim(ids.map { (room: Room.new, fileName: $0.description) })
            guard claims.count == size else { throw Lost(id: ids[0]) }
            try queue.finish(claims)
          }
        }
      }
    }
  }

  /// Publishes only.
  struct Fill: ParsableCommand {
    @Argument var spool: String
    @Argument var queue: String
    @Argument var count: Int

    func run() throws {
      let queue = try opened(spool, queue)
      try timed(count) {
        for start in stride(from: 0, to: count, by: 1000) {
          _ = try queue.publish([Draft](repeating: Draft(body: item), count: min(1000, count - start)))
        }
      }
    }
  }

  /// Claims and finishes all that is there, in batches.
  struct Drain: ParsableCommand {
    @Argument var spool: String
    @Argument var queue: String
    @Argument var batch: Int

    func run() throws {
      let queue = try opened(spool, queue)
      waitForStart()
      let start = monotonic()
      var items = 0
      while true {
        let places = try queue.ready().places
        if places.isEmpty { break }
        for start in stride(from: 0, to: places.count, by: batch) {
          let claims = try queue.claim(places[start..<min(start + batch, places.count)])
          try queue.finish(claims)
          items += claims.count
        }
      }
      report(seconds: monotonic() - start, items: items)
    }
  }
}

/// An item that its publisher could not claim.
struct Lost: Error { var id: EntryID }

/// What every side of the bench writes: 1 KiB.
private let item = [UInt8](repeating: 120, count: 1024)

private func opened(_ path: String, _ name: String) throws -> Queue {
  let spool = try SpoolDirectory(path: path, tool: "bench") { complain($0) }
  // It keeps its queues only as long as somebody uses them, and they do not keep it.
  kept.append(spool)
  return try spool.queue(name, making: true)
}

nonisolated(unsafe) private var kept: [SpoolDirectory] = []

private func timed(_ items: Int, _ work: () throws -> Void) throws {
  waitForStart()
  let start = monotonic()
  try work()
  report(seconds: monotonic() - start, items: items)
}

private func waitForStart() {
  _ = write(STDOUT_FILENO, "ready\n", 6)
  var byte: UInt8 = 0
  _ = read(STDIN_FILENO, &byte, 1)
}

private func monotonic() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

private func report(seconds: Double, items: Int) {
  print("{\"seconds\": \(seconds), \"items\": \(items)}")
}

private func complain(_ line: String) { _ = write(STDERR_FILENO, line + "\n", line.utf8.count + 1) }
