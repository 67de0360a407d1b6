import Testing

@testable import Approvals
@testable import Spool
@testable import Telegram

/// What counts as a plain answer, and what is asked back.
@Suite struct ReadingTests {
  @Test(arguments: [
    "yes", "Yes", "YES.", "ok", "OK!", "approve", "  yes  ", "\n\nyes\n", "yes\r\n", "\u{FEFF}yes\n", "yes\n\n",
  ])
  func aPlainYes(_ text: String) { #expect(Reading(text) == .yes(note: "")) }

  @Test(arguments: ["no", "No.", "reject", "REJECT!", "no\r\n"])
  func aPlainNo(_ text: String) { #expect(Reading(text) == .no(note: "")) }

  @Test(arguments: [
    ("yes: go on", "go on"), ("Yes : go on", "go on"), ("ok: a\n\nSent from my telephone", "a\nSent from my telephone"),
    ("yes\n\n-- \nAnn", "--\nAnn"),
  ])
  func aYesWithANote(_ text: String, _ note: String) { #expect(Reading(text) == .yes(note: note)) }

  /// Whatever stands behind a no, it stays one.
  @Test func aNoMaySayWhy() { #expect(Reading("no\nnot before Monday") == .no(note: "not before Monday")) }

  @Test(arguments: [
    "", " \n\t\n", "yes but not before Monday", "yes, but", "yes\nbut not before Monday", "maybe", "y", "yes no",
    "yesno",
    "not yes", "approved?", "yes?", "👍", "ok ok", "y:e:s", ": yes", "-yes",
  ])
  func anythingElseDecidesNothing(_ text: String) {
    guard case .unclear = Reading(text) else {
      Issue.record("\(text) was taken for an answer")
      return
    }
  }

  @Test func aNoteIsCut() {
    guard case .yes(let note) = Reading("yes: " + String(repeating: "x", count: 100_000)) else {
      Issue.record("it is a yes")
      return
    }
    #expect(note.count == 4000)
  }

  @Test(arguments: [
    ("brief.yes", "", "brief", Reading.yes(note: "")), ("brief.no", "\n", "brief", .no(note: "")),
    ("brief.YES", "", "brief", .yes(note: "")), ("brief.yes.txt", "", "brief", .yes(note: "")),
    ("brief.ok", "yes: fine", "brief", .yes(note: "fine")), ("brief", "no", "brief", .no(note: "")),
    ("20261126T004103.536418Z-hxsxd6-brief", "yes", "20261126T004103.536418Z-hxsxd6-brief", .yes(note: "")),
    ("20261126T004103.536418Z-hxsxd6.reject", "", "20261126T004103.536418Z-hxsxd6", .no(note: "")),
  ])
  func aFileSaysItByItsNameOrItsText(_ name: String, _ text: String, _ reference: String, _ reading: Reading) {
    let dropped = Reading.dropped(name, text)
    #expect(dropped.reference == reference)
    #expect(dropped.reading == reading)
  }

  /// A name that says yes and a text that does not are two answers.
  @Test(arguments: ["no", "but not before Monday", "yes, but", "yes\nbut"])
  func aFileThatContradictsItsNameDecidesNothing(_ text: String) {
    guard case .unclear = Reading.dropped("brief.yes", text).reading else {
      Issue.record("\(text) was taken for an answer")
      return
    }
  }

  @Test func aButtonCarriesItsWholeRequest() throws {
    let id = try EntryID("20261126T004103.536418Z-hxsxd6-a-slug-of-24-characters-")
    let data = try #require(Keyboard(asking: id)).rows[0].map(\.data)
    #expect(data.allSatisfy { $0.utf8.count <= Keyboard.dataLimit })
    for (data, verdict) in zip(data, ["yes", "no"]) {
      let clicked = try #require(Keyboard.clicked(data))
      #expect(clicked.verdict == verdict)
      #expect(clicked.question == id)
    }
  }

  @Test(arguments: [
    "", "yes", "yes:", "maybe:20261126T004103.536418Z-hxsxd6", "yes:hxsxd6", "yes:20261126T004103.536418Z-hxsxd6 ",
  ])
  func whatIsNoButtonOfOursIsNone(_ data: String) { #expect(Keyboard.clicked(data) == nil) }

  @Test func anIDThatIsTooLongForAButtonHasNone() throws {
    let id = try EntryID("20261126T004103.536418Z-hxsxd6-a-slug-of-24-characters-.1234567")
    #expect(Keyboard(asking: id) == nil)
  }
}
