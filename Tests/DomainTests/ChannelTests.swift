import Foundation
import Spool
import Support
import Testing
import Web
import Work

@testable import Deliveries
@testable import Webhooks

@Suite struct WebhookAnswerTests {
  /// The rows of deliver's man page.
  @Test(arguments: [
    (200, nil, "done"), (204, nil, "done"), (429, 7, "tryAgain 7"), (429, nil, "tryAgain 30"), (503, 9, "tryAgain 9"),
    (408, nil, "tryAgain"), (409, nil, "tryAgain"), (425, nil, "tryAgain"), (500, nil, "io"), (502, nil, "io"),
    (503, nil, "io"), (504, nil, "io"), (301, nil, "no"), (400, nil, "no"), (401, nil, "no"), (404, nil, "no"),
    (410, nil, "no"), (422, nil, "no"), (501, nil, "no"), (505, nil, "no"),
  ])
  func anAnswerSaysWhatHappened(status: Int, pause: Int?, expected: String) {
    var response = HTTPResponse(status: status)
    response.retryAfter = pause
    response.body = Array("first line\nsecond".utf8)
    let outcome = WebhookChannel.outcome(of: response)
    let words: [Spool.ExitStatus: String] = [.done: "done", .tryAgain: "tryAgain", .io: "io", .no: "no"]
    let after = outcome.retryAfter.map { " \($0.components.seconds)" } ?? ""
    #expect((words[outcome.status] ?? "?") + after == expected)
    #expect(outcome.text.contains("HTTP \(status)"))
  }

  @Test func anAnswerThatWasCutOffIsNoReceipt() {
    var response = HTTPResponse(status: 200)
    response.isWhole = false
    #expect(WebhookChannel.outcome(of: response).status == .io)
  }
}

@Suite struct MailTests {
  private let id = try! EntryID("20261123T172044.120773Z-k3v9qd")

  /// What mail systems end with (msmtp 1.8.23 and Postfix 3.7, as they were seen to).
  @Test(arguments: [
    (0, "", "done"), (75, "msmtp: cannot connect to 127.0.0.1, port 1: Connection refused", "unavailable"),
    (68, "msmtp: cannot locate host x: Name or service not known", "unavailable"),
    (69, "msmtp: recipient address a not accepted by the server; msmtp: server message: 450 4.2.0 later", "tryAgain"),
    (65, "msmtp: server message: 550 5.1.1 no such user", "no"), (69, "msmtp: server message: 554 5.7.1 spam", "no"),
    (69, "msmtp: server message: 451 later", "tryAgain"), (76, "msmtp: server message: 421 busy", "tryAgain"),
    (76, "msmtp: the server sent an empty reply", "io"), (74, "msmtp: network read error", "io"),
    (77, "msmtp: authentication failed", "no"), (78, "msmtp: account default not found", "no"),
    (75, "postdrop: warning: mail system is down", "tryAgain"), (67, "", "no"), (64, "", "no"),
  ])
  func anExitSaysWhatHappened(code: Int32, said: String, expected: String) {
    let outcome = EmailChannel.judge(Child.Outcome(end: .exited(code)), said, "taken")
    let words: [Spool.ExitStatus: String] = [
      .done: "done", .tryAgain: "tryAgain", .io: "io", .no: "no", .unavailable: "unavailable",
    ]
    #expect(words[outcome.status] == expected)
  }

  private func mail(_ text: String, subject: String? = "Tea") -> String {
    var message = ChannelMessage(id: id, to: "a@example.org")
    message.text = Array(text.utf8)
    message.subject = subject
    return String(decoding: EmailMessage(message, from: "me@example.org", environment: [:]).bytes, as: UTF8.self)
  }

  @Test func plainTextGoesAsItIs() {
    #expect(
      mail("The kettle\n.\nis on.\n") == """
        From: me@example.org
        To: a@example.org
        Subject: Tea
        Date: Mon, 23 Nov 2026 17:20:44 +0000
        Message-ID: <20261123T172044.120773Z-k3v9qd@example.org>
        MIME-Version: 1.0
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: 7bit
        Auto-Submitted: auto-generated

        The kettle
        .
        is on.

        """)
  }

  @Test func whatIsNotAsciiIsEncodedAndNoLineIsTooLong() {
    let text = "Ä" + String(repeating: "long ", count: 300) + "\n.\nende "
    let lines = mail(text, subject: String(repeating: "Tee für dich ☕ ", count: 12)).split(separator: "\n")
    #expect(lines.allSatisfy { $0.utf8.count <= 78 })
    #expect(lines.contains("=2E") && lines.last == "ende=20")
    #expect(lines.filter { $0.contains("=?utf-8?B?") }.count > 3)
  }

  @Test func aSubjectCannotBecomeAHeader() {
    #expect(!mail("x", subject: "Tea\nBcc: all@example.org").contains("\nBcc:"))
  }
}

@Suite struct PaceTests {
  @Test func ratesAreRead() throws {
    let pace = try #require(Pace("1/s, 20/min for -*, 30/s in all"))
    #expect(pace.rates(for: "4711").count == 1 && pace.rates(for: "-100").count == 2 && pace.ratesForAll.count == 1)
    for wrong in ["1", "0/s", "1/week", "1/s for me", "1/s in part"] { #expect(Pace(wrong) == nil, "\(wrong)") }
  }

  @Test func theNextMayGoWhenEachRateHasRoom() {
    func time(_ seconds: Int64) -> Timestamp { Timestamp(seconds: seconds) }
    let rates = Pace("1/s, 3/min")!.rates
    #expect(Pace.next(after: [], rates) == nil)
    #expect(Pace.next(after: [time(100)], rates) == time(101))
    #expect(Pace.next(after: [time(100), time(110), time(120)], rates) == time(160))
  }
}

@Suite struct LaneTests {
  private func lanes() throws -> (Scratch, Lanes) {
    let scratch = Scratch()
    return (scratch, Lanes(try scratch.spool(queues: ["deliveries"]).0.queue("deliveries")))
  }
  private let rates = Pace("1/h")!.rates

  @Test func oneAtATimeAndAtItsPace() throws {
    let (scratch, lanes) = try lanes()
    defer { withExtendedLifetime(scratch) {} }
    guard case .mine(var lane) = try lanes.take("x:1", rates) else { throw Failure(.no, "lane", "not mine") }
    guard case .busy = try lanes.take("x:1", rates) else { throw Failure(.no, "lane", "not busy") }
    try lane.begin()
    try lane.end(notBefore: nil)
    guard case .later(let next) = try lanes.take("x:1", rates) else { throw Failure(.no, "lane", "not later") }
    #expect((next - .now) > .seconds(3590) && (next - .now) <= .seconds(3600))
    guard case .mine = try lanes.take("x:2", rates) else { throw Failure(.no, "lane", "another's pace") }
  }

  @Test func whatItCannotReadSaysNothing() throws {
    let (scratch, lanes) = try lanes()
    let name = "spool/deliveries/lanes/\(Lanes.fileName("x:1"))"
    _ = try lanes.directory
    for text in [
      "", "Sent: 2199-01-01T00:00:00Z\n", "Sent: yesterday\nNot-Before: soon\n", "Not-Before: 2199-01-01T00:00:00Z\n",
    ] {
      scratch.write(name, text)
      guard case .mine(let lane) = try lanes.take("x:1", rates) else { throw Failure(.no, "lane", "not mine: \(text)") }
      lane.leave()
    }
  }
}

@Suite struct FrameTests {
  @Test func aFrameIsReadWhenItIsWhole() throws {
    var message = ChannelMessage(id: try EntryID("20261123T172044.120773Z-k3v9qd"), to: "x")
    message.text = Array("a\n\nb".utf8)
    message.subject = "Tea"
    message.isRepeat = true
    let whole = message.frame()
    for cut in 0..<whole.count {
      var bytes = Array(whole[..<cut])
      #expect(try Frame(takenFrom: &bytes) == nil)
    }
    var bytes = whole + whole.prefix(9)
    let read = try #require(try Frame(takenFrom: &bytes).flatMap { ChannelMessage(frame: $0) })
    #expect(bytes == Array(whole.prefix(9)))
    #expect(read.text == message.text && read.subject == "Tea" && read.isRepeat && read.to == "x" && read.attempt == 1)
  }

  @Test(arguments: ["no colon\n\n", "Length: x\n\n", "Exit: 0\n\n", "Length: -1\n\n"])
  func aFrameThatIsNoneIsRefused(_ text: String) {
    var bytes = Array(text.utf8)
    #expect(throws: MalformedText.self) { try Frame(takenFrom: &bytes) }
  }
}
