import CommandLine
import Harvest
import Memory
import Spool

/// What the database says of each file that was read.
struct HarvestReport {
  let store: MemoryStore
  let json: Bool

  init(_ store: MemoryStore, json: Bool) {
    self.store = store
    self.json = json
  }

  private struct Line: Encodable {
    var file: String
    var format: String?
    var agent: String?
    var bytes: Int
    var lines: Int
    var records: [String: Int]
    var skipped: [String: Int]
    var facts: [String: Int]
  }

  func print(of sources: [Source]) throws {
    var lines: [Line] = []
    var total = Tally()
    var (bytes, count) = (0, 0)
    for transcript in try store.transcripts()
    where sources.contains(where: { $0.holds(transcript.path) }) {
      var tally = transcript.tally
      // The last line is there, and not yet whole: it is counted only for as long.
      let isTorn = transcript.size > transcript.position
      if isTorn { tally.skipped["torn"] = 1 }
      lines.append(
        Line(
          file: transcript.path, format: transcript.format, agent: transcript.agent, bytes: transcript.position,
          lines: transcript.lines + (isTorn ? 1 : 0), records: tally.records, skipped: tally.skipped, facts: tally.facts
        ))
      total = total + tally
      bytes += transcript.position
      count += lines.last!.lines
    }
    lines.append(
      Line(
        file: "total", bytes: bytes, lines: count, records: total.records, skipped: total.skipped, facts: total.facts))
    if json {
      for line in lines { output(try JSONLine.encode(line)) }
    } else {
      let rows = lines.map { line in
        [
          line.file.printable, "\(line.lines)", Self.words(line.records), Self.words(line.skipped),
          Self.words(line.facts),
        ]
      }
      output(Table.aligned([["FILE", "LINES", "RECORDS", "SKIPPED", "FACTS"]] + rows))
    }
  }

  /// `1284: 523 assistant, 260 user`
  private static func words(_ counts: [String: Int]) -> String {
    let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let sum = counts.values.reduce(0, +)
    return sorted.isEmpty ? "0" : "\(sum): " + sorted.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
  }

  private struct Position: Encodable {
    var agent: String
    var file: String
    var position: Int
    var lines: Int
    var time: String?
  }

  func printPositions() throws {
    let positions = try store.transcripts().map {
      Position(agent: $0.agent, file: $0.path, position: $0.position, lines: $0.lines, time: $0.last)
    }.sorted { ($0.agent, $0.file) < ($1.agent, $1.file) }
    if json {
      for position in positions { output(try JSONLine.encode(position)) }
    } else {
      output(
        Table.aligned(
          [["AGENT", "FILE", "POSITION", "LINES", "LAST"]]
            + positions.map {
              [$0.agent.printable, $0.file.printable, "\($0.position)", "\($0.lines)", ($0.time ?? "-").printable]
            }))
    }
  }
}
