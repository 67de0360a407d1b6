import Crypto
import Glibc
import Spool
import Support
import Synchronization
import Testing
import Work

@testable import Approvals
@testable import DashboardAPI

private func request(
  _ method: String = "GET", _ target: String = "/api/data", _ fields: [(name: String, value: String)] = []
) -> WebRequest { WebRequest(method: method, target: target, fields: fields, port: 1) }

@Suite struct ProvenanceTests {
  private let provenance = Provenance(port: 18790)

  @Test(arguments: ["127.0.0.1:18790", "localhost:18790", "LocalHost:18790"])
  func ourOwnNamesAreHeard(_ host: String) {
    #expect(provenance.refusal(of: request("GET", "/", [("Host", host)])) == nil)
    let own = [(name: "Host", value: host), (name: "Origin", value: "http://\(host.lowercased())")]
    #expect(provenance.refusal(of: request("POST", "/api/login", own)) == nil)
  }

  @Test(arguments: [
    [], ["evil.example:18790"], ["127.0.0.1"], ["127.0.0.1:18791"], ["localhost"], ["[::1]:18790"],
    ["127.0.0.1:18790."],
    ["localhost:18790", "localhost:18790"], ["localhost:18790@evil.example"], ["127.0.0.1.nip.io:18790"], [""],
  ])
  func anotherNameIsNotOurs(_ hosts: [String]) {
    let fields = hosts.map { (name: "Host", value: $0) }
    #expect(provenance.refusal(of: request("GET", "/", fields))?.status == 421)
  }

  @Test(arguments: [
    "null", "", "http://evil.example", "https://127.0.0.1:18790", "http://127.0.0.1:18791", "http://127.0.0.1",
    "http://localhost:18790", "http://127.0.0.1:18790/", "http://127.0.0.1:18790.evil.example",
  ])
  func aPageFromElsewhereIsRefused(_ origin: String) {
    let fields = [(name: "Host", value: "127.0.0.1:18790"), (name: "Origin", value: origin)]
    #expect(provenance.refusal(of: request("POST", "/api/login", fields))?.status == 403)
  }

  @Test func whatABrowserSaysOfItselfIsBelieved() {
    func status(_ path: String, _ site: String, _ more: [(name: String, value: String)] = []) -> Int? {
      let fields = [(name: "Host", value: "127.0.0.1:18790"), (name: "Sec-Fetch-Site", value: site)] + more
      return provenance.refusal(of: request("GET", path, fields))?.status
    }
    #expect(status("/api/data", "same-origin") == nil && status("/", "none") == nil)
    // Of the same site are all servers of this machine.
    for site in ["same-site", "cross-site", "SAME-ORIGIN", ""] { #expect(status("/api/data", site) == 403) }
    let link = [(name: "Sec-Fetch-Mode", value: "navigate"), (name: "Sec-Fetch-Dest", value: "document")]
    #expect(status("/", "cross-site", link) == nil && status("/api/data", "cross-site", link) == 403)
    #expect(status("/", "cross-site", [link[0], (name: "Sec-Fetch-Dest", value: "iframe")]) == 403)
  }
}

@Suite struct WebRequestTests {
  @Test func itsPartsAreRead() {
    let asked = request(
      "GET", "/api/events?after=2026-11-26%3A12&last=5&x", [("Cookie", "a=1; spindle_1=x=y;spindle_1=z")])
    #expect(asked.path == "/api/events" && asked.query == ["after": "2026-11-26:12", "last": "5", "x": ""])
    #expect(asked.cookies("spindle_1") == ["x=y", "z"] && asked["cookie"].count == 1)
  }

  @Test(arguments: ["?", "?%", "?%zz=%", "?=&&=", "?a=%ff", "", "?a+b=%2"])
  func nothingInAQueryBreaksIt(_ query: String) { #expect(request("GET", "/" + query).path == "/") }
}

@Suite struct LoginTests {
  private let scratch = Scratch()
  private let spool: SpoolDirectory

  init() throws { spool = try scratch.spool().0 }

  @Test func aTokenIsMadeOnceForItsOwnerAlone() throws {
    let token = try DashboardToken.open(in: spool)
    #expect(token.text.utf8.count == 43 && token.isSame(as: token.text) && !token.isSame(as: token.text + "x"))
    #expect(try DashboardToken.open(in: spool).text == token.text && DashboardToken.read(in: spool).mark == token.mark)
    #expect(try spool.directory("secrets").status("dashboard.token")?.mode == S_IFREG | 0o600)
  }

  @Test func whatWasLeftWhereOneIsMadeIsNoToken() throws {
    let secrets = try spool.directory("secrets")
    try secrets.openOrCreate(".dashboard.token.new").write(Array("half".utf8))
    let token = try DashboardToken.open(in: spool)
    #expect(token.text.utf8.count == 43)
    #expect(try !secrets.names().contains { $0.hasPrefix(".dashboard.token") })
  }

  @Test func whereADashboardHasListenedIsNotToldOfTheNext() throws {
    func open(_ work: (Presence) throws -> Void) throws {
      let presence = try Presence(spool)
      try withExtendedLifetime(presence) { try work(presence) }
    }
    try open { presence in
      try presence.say(port: 4711)
      #expect(try Presence.port(in: spool) == 4711)
    }
    try open { presence in
      #expect(try Presence.port(in: spool) == nil)
      try presence.say(port: 1)
      #expect(try Presence.port(in: spool) == 1)
    }
  }

  @Test(arguments: ["", "short\n", String(repeating: "a", count: 31), String(repeating: "ä", count: 32), "a\nb\n"])
  func whatAPersonMadeUpIsNoToken(_ text: String) throws {
    try spool.directory("secrets").replace("dashboard.token", with: Array(text.utf8))
    #expect { try DashboardToken.read(in: spool) } throws: { ($0 as? Failure)?.status == .configuration }
  }

  @Test func aLoginHoldsForItsTimeAndItsToken() throws {
    let token = try DashboardToken.open(in: spool)
    let now = Timestamp(seconds: 1_800_000_000)
    let login = Login(token, now: now)
    #expect(Login(token, now: now).cookie != login.cookie)
    func holds(_ cookie: String, _ span: Duration = .zero) -> Bool {
      Login(shown: cookie, token, now: now + span) != nil
    }
    #expect(holds(login.cookie) && holds(login.cookie, .seconds(30 * 86400)) && holds(login.cookie, .seconds(-3600)))
    #expect(!holds(login.cookie, .seconds(30 * 86400 + 1)) && !holds(login.cookie, .seconds(-2 * 86400)))
    let parts = login.cookie.split(separator: ".")
    for forged in [
      "", "..", "a.b.c", login.cookie + ".", login.cookie + "x", String(login.cookie.dropLast()),
      "\(Int64(parts[0])! + 1).\(parts[1]).\(parts[2])", "\(parts[0]).\(parts[1]).\(token.seal("csrf", login.cookie))",
      "-1.\(parts[1]).\(parts[2])",
    ] { #expect(!holds(forged)) }
    #expect(Login(shown: login.cookie, token, now: now)?.accepts(login.csrf) == true)
    #expect(!login.accepts("") && !login.accepts(login.cookie) && !login.accepts(Login(token, now: now).csrf))
    try spool.directory("secrets").unlink("dashboard.token")
    #expect(Login(shown: login.cookie, try DashboardToken.open(in: spool), now: now) == nil)
  }

  @Test func bytesAreWrittenAsTheStandardHasIt() {
    for (text, written) in [
      ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
    ] {
      #expect(Array(text.utf8).base64URL == written)
    }
    #expect([0xFB, 0xFF].base64URL == "-_8")
  }
}

@Suite struct AnswerTests {
  @Test(arguments: [
    "", "fine", "no", "yes: no", "a\nno", "\nno", "a\r\nb", "a\u{2028}no", "a\u{85}no", "a\u{0B}no", "\u{FEFF}no", "  ",
    "\n\n", ": x", "\u{202E}on",
  ])
  func whateverANoteSaysItIsANote(_ note: String) {
    let isYes: Bool = if case .yes = Reading(Approvals.Reply.words("yes", note: note)) { true } else { false }
    let isNo: Bool = if case .no = Reading(Approvals.Reply.words("no", note: note)) { true } else { false }
    #expect(isYes && isNo)
  }
}

@Suite struct JournalFeedTests {
  private let scratch = Scratch()
  private let journal: Directory
  private let feed: JournalFeed

  init() throws {
    journal = try Directory.following(path: scratch.path)
    feed = JournalFeed(directory: journal)
  }

  private func write(_ day: String, _ text: String) throws {
    try journal.openOrCreate(day + ".jsonl", append: true).write(Array(text.utf8))
  }

  private func all(_ position: inout JournalPosition) throws -> [String] {
    var lines: [String] = []
    while true {
      let more = try feed.next(after: &position, where: JournalFeed.isObject)
      if more.isEmpty { return lines }
      lines += more.map { String(decoding: $0.bytes, as: UTF8.self) }
    }
  }

  @Test func itGoesOnFromAnyLineOverMidnight() throws {
    try write("2026-11-25", "{\"a\":1}\n{\"a\":2}\n")
    try write("2026-11-26", "{\"a\":3}\n")
    var position = JournalPosition.beginning
    let lines = try feed.next(after: &position, where: JournalFeed.isObject)
    #expect(lines.map(\.end.description) == ["2026-11-25:8", "2026-11-25:16"])
    #expect(try all(&position) == ["{\"a\":3}"] && position.description == "2026-11-26:8")
    var second = lines[0].end
    #expect(try all(&second) == ["{\"a\":2}", "{\"a\":3}"] && second == position)
    try write("2026-11-26", "{\"a\":4")
    #expect(try all(&position) == [])
    try write("2026-11-26", "}\n")
    #expect(try all(&position) == ["{\"a\":4}"])
    var gone = try #require(JournalPosition("2026-11-20:77"))
    #expect(try all(&gone).count == 4)
  }

  @Test func aFileThatWasCutOrReplacedIsReadFromItsBeginning() throws {
    try write("2026-11-26", "{\"a\":1}\n{\"a\":2}\n")
    var position = try feed.position(beforeLast: 0)
    try journal.openOrCreate("2026-11-26.jsonl").truncate(to: 0)
    try write("2026-11-26", "{\"b\":1}\n")
    #expect(try all(&position) == ["{\"b\":1}"])
    try journal.replace("2026-11-26.jsonl", with: Array("{\"longer\":1}\n{\"c\":2}\n".utf8))
    #expect(try all(&position) == ["{\"longer\":1}", "{\"c\":2}"])
  }

  @Test func whatIsOfTheFutureOrNoFileHoldsUpNobody() throws {
    func day(_ days: Int) -> String { String((Timestamp.now + .seconds(days * 86400)).rfc3339.prefix(10)) }
    try write(day(0), "{\"a\":1}\n")
    for late in [1, 30] { try write(day(late), "") }
    #expect(mkdir("\(scratch.path)/\(day(-1)).jsonl", 0o700) == 0)
    #expect(symlink("/x", "\(scratch.path)/2099-01-01.jsonl") == 0)
    var position = try feed.position(beforeLast: 1)
    #expect(try all(&position) == ["{\"a\":1}"])
    // It goes on with tomorrow, and hears today.
    try write(day(0), "{\"a\":2}\n")
    #expect(try all(&position) == ["{\"a\":2}"])
    try write(day(1), "{\"b\":1}\n")
    try write(day(30), "{\"c\":1}\n")
    let told = try feed.next(after: &position)
    #expect(told.map { String(decoding: $0.bytes, as: UTF8.self) } == ["{\"b\":1}"])
    try write(day(0), "{\"a\":3}\n")
    #expect(try all(&position) == ["{\"a\":3}"])
    // Who goes on from what he was told misses none, though he hears some again.
    var again = try #require(JournalPosition(told[0].end.description))
    #expect(try all(&again) == ["{\"a\":3}", "{\"b\":1}"])
    var ahead = JournalPosition(day: day(30), offset: 0)
    #expect(try all(&ahead) == ["{\"b\":1}"])
  }

  @Test func aLineWithoutAnEndIsNotKept() throws {
    try write("2026-11-26", "{\"a\":1}\n" + String(repeating: "x", count: 5 << 20))
    var position = JournalPosition.beginning
    #expect(try all(&position) == ["{\"a\":1}"] && position.offset > 5 << 20)
    try write("2026-11-26", "x\n{\"a\":2}\n")
    #expect(try all(&position) == ["{\"a\":2}"])
  }

  @Test func whatIsNoLineIsLeftOut() throws {
    try write("2026-11-26", "{\"a\":1}\n\n[]\nnull\n{\"cut\":\n{\"a\":\"\r\"}\n{\"a\":2}\n")
    try journal.openOrCreate("2026-11-26.jsonl", append: true).write([0x7B, 0xFF, 0x7D, 10])
    try write("2026-11-26", String(repeating: "x", count: 400_000) + "\n{\"a\":3}\n")
    try write("nonsense", "{\"a\":4}\n")
    var position = JournalPosition.beginning
    #expect(try all(&position) == ["{\"a\":1}", "{\"a\":2}", "{\"a\":3}"])
  }

  @Test(arguments: 0...7) func theLastLinesAreFoundFromTheEnd(_ count: Int) throws {
    try write("2026-11-24", "{\"a\":1}\n{\"a\":2}\n")
    try write("2026-11-25", "")
    try write("2026-11-26", "{\"a\":3}\n{\"a\":\"" + String(repeating: "x", count: 100_000) + "\"}\n{\"a\":5}\n{\"ha")
    var position = try feed.position(beforeLast: count)
    #expect(try all(&position).count == min(count, 5))
  }

  @Test func aPlaceReadsBack() {
    #expect(JournalPosition("2026-11-26:0")?.description == "2026-11-26:0")
    for text in [
      "", "2026-11-26", "2026-11-26:", "2026-11-26:-1", "../../../x:1", "2026-11-26:1:2", "2026-11-2x:1",
      "2026-11-26:99999999999999999999",
    ] { #expect(JournalPosition(text) == nil) }
  }
}

/// What the steward says to connections that are none.
private final class Heard: Connections {
  let answers = Mutex<[ConnectionID: [UInt8]]>([:])
  let sent = Mutex<[ConnectionID: Int]>([:])

  func answer(_ connection: ConnectionID, _ answer: Answer) { answers.withLock { $0[connection] = answer.body } }
  func begin(_ connection: ConnectionID, _ answer: Answer) { sent.withLock { $0[connection] = 0 } }
  func send(_ connection: ConnectionID, _ bytes: [UInt8]) { sent.withLock { $0[connection]! += bytes.count } }
  func end(_ connection: ConnectionID) { sent.withLock { $0[connection] = nil } }
}

// One watch a process.
@Suite(.serialized) struct StewardTests {
  private func turning(
    _ work: (Steward, SpoolDirectory, Mailbox<ConnectionEvent>, Heard, [(name: String, value: String)], Counter) throws
      -> Void
  ) throws {
    let scratch = Scratch()
    let spool = try scratch.spool().0
    let token = try DashboardToken.open(in: spool)
    let (mailbox, heard, made) = (try Mailbox<ConnectionEvent>(), Heard(), Counter())
    let steward = try Steward(spool, mailbox, connections: heard, port: 1) { () throws(Failure) in
      made.count += 1
      return Array("\(made.count)".utf8)
    }
    try withExtendedLifetime(scratch) {
      try work(steward, spool, mailbox, heard, [("Authorization", "Bearer \(token.text)")], made)
    }
  }

  private final class Counter { var count = 0 }

  @Test func howeverManyAskTheDocumentIsMadeOnceForAll() throws {
    try turning { steward, _, mailbox, heard, fields, made in
      for id in 1...20 { mailbox.post(.asked(id, request("GET", "/api/data", fields))) }
      while heard.answers.withLock({ $0.count }) < 20 { _ = try steward.turn() }
      #expect(
        made.count == 1
          && heard.answers.withLock { Set($0.values.map { String(decoding: $0, as: UTF8.self) }) } == ["1\n"])
      // Who asks after it was made gets another one, and who is gone none.
      mailbox.post(.asked(21, request("GET", "/api/data", fields)))
      mailbox.post(.asked(22, request("GET", "/api/data", fields)))
      mailbox.post(.closed(21))
      while heard.answers.withLock({ $0[22] }) == nil { _ = try steward.turn() }
      #expect(made.count == 2 && heard.answers.withLock { $0[21] } == nil)
    }
  }

  @Test func whoTakesNothingIsSentNoMoreThanHisCredit() throws {
    try turning { steward, spool, mailbox, heard, fields, _ in
      for number in 0..<20_000 { spool.journal.write("new", detail: "\(number) " + String(repeating: "x", count: 200)) }
      mailbox.post(.asked(1, request("GET", "/api/events?after=2000-01-01:0", fields)))
      while heard.sent.withLock({ $0[1] }) == nil { _ = try steward.turn() }
      let first = try #require(heard.sent.withLock { $0[1] })
      #expect(first > 100_000 && first < 600_000)
      // What he takes is followed by more, to the end.
      var taken = 0
      var total = first
      while taken < total {
        mailbox.post(.took(1, total - taken))
        taken = total
        _ = try steward.turn()
        total = try #require(heard.sent.withLock { $0[1] })
      }
      #expect(total > 20_000 * 300)
    }
  }

  @Test func anotherTokenEndsWhatWasBegunWithTheOldOne() throws {
    try turning { steward, spool, mailbox, heard, fields, _ in
      mailbox.post(.asked(1, request("GET", "/api/events", fields)))
      while heard.sent.withLock({ $0[1] }) == nil { _ = try steward.turn() }
      try spool.directory("secrets").unlink("dashboard.token")
      _ = try DashboardToken.open(in: spool)
      spool.journal.write("new")
      while heard.sent.withLock({ $0[1] }) != nil { _ = try steward.turn() }
    }
  }
}
