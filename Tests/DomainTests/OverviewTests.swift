import Foundation
import Roster
import Support
import Testing

@testable import Calls
@testable import Health
@testable import Overview
@testable import Spool
@testable import Work

/// What the document says of rows and of the whole, where it takes a fault or a depth to see it.
@Suite struct OverviewTests {
  private let scratch = Scratch()
  private let spool: SpoolDirectory

  init() throws {
    spool = try scratch.spool().0
    scratch.write("spool/people/me", "File: /tmp/inbox\n")
  }

  private func document(_ environment: [String: String] = [:]) throws -> StatusDocument {
    try Overview.document(of: spool, environment: environment)
  }

  @Test func lightsAreInOrder() {
    #expect(Light.green < .amber && .amber < Light.red)
    #expect([Light.amber, .red, .green].max() == .red)
  }

  @Test func theWholeIsAsBadAsItsWorst() throws {
    try spool.directory("heartbeats").openOrCreate("tick").setModified(.now)
    #expect(try document().status == .green)
    try spool.directory("heartbeats").openOrCreate("tick").setModified(.now - .seconds(200))
    var found = try document()
    #expect(found.status == .amber && found.detail == "spool tick: last run 3 m 20 s ago")
    let broken = "Nonsense: x\n\nx\n"
    scratch.write("spool/agents/x.md", broken)
    found = try document()
    #expect(found.status == .red)
    #expect(found.detail.hasSuffix("(and 1 more)") == false, "one signal, shown in two places: \(found.detail)")
  }

  @Test func aQueuesRowHasTheWorstOfItsSignals() throws {
    let queue = try spool.queue("letters", making: true)
    for _ in 0..<2 { _ = try queue.publish(Draft(body: [120])) }
    let places = try queue.entries(in: .new)
    #expect(try queue[.new].move(places[0].fileName, to: queue[.hold], as: places[0].fileName) == .done)
    #expect(try document().queues["letters"]?.status == .amber)
    #expect(try queue[.new].move(places[1].fileName, to: queue[.fail], as: places[1].fileName) == .done)
    let row = try #require(try document().queues["letters"])
    #expect(row.status == .red && row.rooms.keys.sorted() == ["fail", "hold"])
  }

  /// The newest and the oldest of very many are seen without keeping them.
  @Test func aGlanceSeesBothEnds() throws {
    let queue = try spool.queue("letters", making: true)
    var names: [String] = []
    for number in 0..<500 {
      let time = Timestamp(seconds: 1_700_000_000 + Int64(number * 7919 % 500))
      let id = EntryID(time: time, random: "bcdfgh", slug: nil)
      names.append(id.description)
      scratch.write("spool/letters/new/\(id)", "Id: \(id)\n\nx\n")
    }
    scratch.write("spool/letters/new/.hidden", "x")
    names.sort()
    let glance = try Glance(of: queue, .new)
    #expect(glance.count == 500)
    #expect(glance.oldest?.fileName == names.first)
    #expect(glance.newest.map(\.fileName) == names.suffix(Glance.kept))
    #expect(glance.newestName == names.last)
    let ends = try queue[.new].ends(first: 3, last: 2)
    #expect(ends.first.map { Kernel.text($0) } == names.prefix(3).map(\.self))
    #expect(ends.last.map { Kernel.text($0) } == names.suffix(2).map(\.self))
    let chosen = try queue[.new].names(atMost: 2) { $0.count > 3 && $0[0] == 50 }
    #expect(chosen.count == 2 && Set(chosen).isSubset(of: names))
  }

  @Test func somethingElseInARoomDoesNotHideItsEntries() throws {
    let queue = try spool.queue("letters", making: true)
    let id = try queue.publish(Draft(body: [120]))
    scratch.write("spool/letters/new/0-notes", "x")
    let glance = try Glance(of: queue, .new)
    #expect(glance.count == 2 && glance.oldest?.name.id == id)
  }

  @Test func whatEarlierDaysHaveCostIsKeptOnce() throws {
    let queue = try spool.queue("calls-main", making: true)
    let spending = Spending(queue)
    let yesterday = LocalTime.midnight(before: LocalTime.midnight(before: .now) - .seconds(3600))
    scratch.write("spool/calls-main/spent", "\(yesterday.rfc3339Seconds) 0.25 USD since then\n")
    try queue.directory.open("spent")!.setModified(yesterday + .seconds(60))
    try spending.add(0.5)
    try spending.add(0.5)
    #expect(try spending.today() == 1)
    #expect(try spending.history() == [LocalTime(yesterday).day: 0.25])
    #expect(try spending.glance() == 1)
    // Noted once more by who was killed before he wrote the new day's sum.
    scratch.write("spool/calls-main/costs", "2026-01-01 0.1\n2026-01-01 0.2\nnonsense\n")
    #expect(try spending.history() == ["2026-01-01": 0.2])
  }

  @Test func documentsOfOneVersionHaveTheseKeys() throws {
    let text = try JSONLine.encode(try document())
    let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(
      object.keys.sorted() == [
        "agents", "approvals", "costs", "daemons", "day", "deliveries", "detail", "host", "jobs", "pipelines", "queues",
        "signals", "spool", "status", "tick", "time", "version",
      ])
  }
}
