import Spool
import Testing

@Suite struct EntryNameTests {
  static let id = "20261123T172044.120773Z-k3v9qd"

  @Test(arguments: [
    id, id + "-brief", id + ",2", id + ",0d", id + ",12d", id + "@host.4711", id + "-brief.3,2@a.b-c_d.1",
    id + ".1.2", id + "-a-b.1",
  ])
  func namesThatAreNamesComeBackAsTheyWere(_ text: String) throws {
    #expect(try EntryName(text).description == text)
  }

  @Test(arguments: [
    ("", 0), ("x", 1), ("20261123T172044.120773Z", 23), ("20261323T172044.120773Z-k3v9qd", 0),
    ("20261123T172044.120773Z_k3v9qd", 23), ("20261123T172044.120773Z-k3v9qa", 29), (id + "-", 31), (id + "-Brief", 31),
    (id + "-abcdefghijklmnopqrstuvwxyz", 31), (id + ".0", 31), (id + ".", 31), (id + "x", 30), (id + ",0", 31),
    (id + ",01", 31), (id + ",", 31), (id + ",d", 31), (id + ",1x", 31), (id + ",-1", 31), (id + "@", 31),
    (id + "@host", 31), (id + "@host.0", 31), (id + "@host.x", 31), (id + "@ho/st.1", 31), (id + "@.1", 31),
    ("../../etc/passwd", 16), (id + "/..", 30),
  ])
  func whatIsNoNameIsRefusedWithItsPlace(_ text: String, _ position: Int) {
    #expect { try EntryName(text) } throws: { ($0 as? MalformedName)?.position == position }
  }

  @Test func partsAreRead() throws {
    let name = try EntryName(Self.id + "-brief.3,2d@my.host.4711")
    #expect(name.id.description == Self.id + "-brief.3")
    #expect(name.id.short == "k3v9qd")
    #expect(name.id.slug == "brief")
    #expect(name.attempts == 2 && name.inDoubt && name.holder == "my.host.4711")
    #expect(name.unheld.description == Self.id + "-brief.3,2d")
    #expect(name.id.time.rfc3339 == "2026-11-23T17:20:44.120773Z")
  }

  @Test(arguments: [
    ("Hello, World!", "hello-world"), ("---", nil), ("", nil), ("äöü", nil), ("Bréf", "br-f"),
    ("a very long subject that goes on", "a-very-long-subject-that"), ("x/../y", "x-y"),
  ])
  func slugsAreMadeOfAnyText(_ text: String, _ slug: String?) { #expect(EntryID.slug(from: text) == slug) }
}

@Suite struct TimeTests {
  @Test(arguments: [
    ("2026-11-23T17:20:44Z", "2026-11-23T17:20:44.000000Z"),
    ("2026-11-23T17:20:44.1207739Z", "2026-11-23T17:20:44.120773Z"),
    ("2026-11-23T19:20:44+02:00", "2026-11-23T17:20:44.000000Z"),
    ("2024-02-29T00:00:00-00:30", "2024-02-29T00:30:00.000000Z"),
    ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z"),
  ])
  func timesAreReadAndPrinted(_ text: String, _ printed: String) {
    #expect(Timestamp(rfc3339: text)?.rfc3339 == printed)
  }

  @Test(arguments: [
    "", "now", "2026-11-23", "2026-11-23T17:20:44", "2026-02-30T00:00:00Z", "2026-11-23T24:00:00Z",
    "2026-11-23T17:20:44.Z",
    "2026-11-23T17:20:44+0200", "2026-11-23T17:20:44Zx", "2026-1-23T17:20:44Z",
  ])
  func whatIsNoTimeIsRefused(_ text: String) { #expect(Timestamp(rfc3339: text) == nil) }

  @Test(arguments: [("90s", 90), ("20m", 1200), ("4h", 14400), ("1d", 86400), ("2h30m", 9000), ("0s", 0)])
  func spansAreRead(_ text: String, _ seconds: Int) { #expect(Duration(text) == .seconds(seconds)) }

  @Test(arguments: ["", "90", "s", "-1s", "1x", "1h 2m", "1.5h"])
  func whatIsNoSpanIsRefused(_ text: String) { #expect(Duration(text) == nil) }
}
