import Calls
import Crypto
import Spool
import Support
import Testing
import Work

@testable import Door
@testable import Gateway
@testable import Roster

@Suite struct TokenTests {
  @Test func aTokenReadsBackAndNoTwoAreAlike() {
    let token = Token(for: "nova-2")
    #expect(Token(token.text)?.name == "nova-2" && Token(token.text)?.digest == token.digest)
    #expect(Token(for: "nova-2").text != token.text)
  }

  @Test(arguments: [
    "", "spindle_", "spindle_nova", "spindle_nova_", "spindle_nova_abc",
    "spindle__" + String(repeating: "a", count: 64),
    "spindle_No_" + String(repeating: "a", count: 64), "spindle_../x_" + String(repeating: "a", count: 64),
    "spindle_nova_" + String(repeating: "a", count: 64) + "_", "nova_" + String(repeating: "a", count: 64),
  ])
  func whatIsNoTokenIsNone(_ text: String) { #expect(Token(text) == nil) }

  @Test func aRecordHoldsForItsTimeAndTheOldOneForItsGrace() throws {
    let (new, old, other) = (Token(for: "a"), Token(for: "a"), Token(for: "a"))
    let now = Timestamp(seconds: 1_000_000)
    var record = TokenRecord(
      name: "a", digest: StoredDigest(new.digest), expires: now + .seconds(100), agents: ["main"])
    #expect(record.accepts(new.digest, at: now) && !record.accepts(old.digest, at: now))
    record.old = (StoredDigest(old.digest), now + .seconds(10))
    #expect(record.accepts(old.digest, at: now + .seconds(9)) && !record.accepts(old.digest, at: now + .seconds(10)))
    #expect(!record.accepts(other.digest, at: now))
    #expect(record.accepts(new.digest, at: now + .seconds(99)) && !record.accepts(new.digest, at: now + .seconds(100)))
    #expect(record.mayCall("main") && !record.mayCall("ops"))
  }

  @Test(
    arguments: [
      ("Sha256: 12\n", 1, "a SHA-256"), ("Created: x\nSha256: \n", 1, "a time such as"),
      ("Created: \n", nil, "gateway token rotate a"),
      ("Nonsense: 1\n", 1, "use one of"), ("Agents: ,\nSha256: HASH\n", 1, "agents with commas"),
    ] as [(String, Int?, String)])
  func aFileThatIsNotUnderstoodIsNoToken(_ text: String, _ line: Int?, _ advice: String) {
    let text = text.replacing("HASH", with: StoredDigest.nobodys.text)
    #expect {
      try TokenRecord(name: "a", file: SettingsFile(path: "a", bytes: Array(text.utf8), hasBody: false))
    } throws: { error in
      let failure = error as? Failure
      return failure?.status == .configuration && (line == nil || failure?.what == "a:\(line!)")
        && failure?.advice?.contains(advice) == true
    }
  }
}

@Suite struct LockoutTests {
  private let second: Int64 = 1_000_000_000

  @Test func tenInAMinuteLockTheirUserOutAndNobodyElse() {
    var lockout = Lockout()
    for place in 0..<9 {
      let isLocked = lockout.failed(1000, at: Int64(place) * second)
      #expect(!isLocked)
    }
    #expect(lockout.isEmpty)
    let (others, tenth) = (lockout.failed(nil, at: 9 * second), lockout.failed(1000, at: 10 * second))
    #expect(!others && tenth)
    func remaining(_ user: UInt32?, _ at: Int64) -> Duration? { lockout.remaining(of: user, at: at * second) }
    let rests = [remaining(1000, 11), remaining(1001, 11), remaining(nil, 11), remaining(1000, 310)]
    #expect(rests == [.seconds(299), nil, nil, nil] && lockout.isEmpty)
    let afterwards = lockout.failed(1000, at: 311 * second)
    #expect(!afterwards)
  }

  @Test func whatIsOlderThanAMinuteDoesNotCount() {
    var lockout = Lockout()
    let locks = (0..<100).map { lockout.failed(1000, at: $0 * 7 * second) }
    #expect(locks.allSatisfy { !$0 })
  }
}

@Suite struct PeerUserTests {
  @Test func theLineOfBothEndsIsFound() {
    let table = """
        sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
         0: 0100007F:4965 00000000:0000 0A 00000000:00000000 00:00000000 00000000     7        0 1 1 0
         1: 0100007F:4965 0100007F:D431 01 00000000:00000000 00:00000000 00000000     7        0 2 1 0
         2: 0100007F:D431 0100007F:4965 01 00000000:00000000 00:00000000 00000000  1001        0 3 1 0
      """
    func uid(_ local: String, _ remote: String) -> UInt32? { PeerUser.find(local, remote, in: Array(table.utf8)) }
    #expect(uid("0100007F:D431", "0100007F:4965") == 1001)
    #expect(uid("0100007F:D431", "0100007F:4966") == nil && uid("0100007F:D432", "0100007F:4965") == nil)
  }
}

@Suite struct ProblemTests {
  @Test func whatMayPassSaysWhen() {
    let full = Problem(CallFailure(.rateLimit, "full", at: .now + .seconds(6)))
    #expect(full.code == .unavailable && full.retryable && (1000...6000).contains(full.retryAfterMs ?? 0))
    let disk = Problem(Failure(.tryAgain, "disk", "is nearly full"))
    #expect(disk.code == .unavailable && disk.retryable && disk.retryAfterMs != nil)
    let wrong = Problem(Failure(.malformed, "x", "is too long"))
    #expect(wrong.code == .invalidRequest && !wrong.retryable && wrong.retryAfterMs == nil)
  }

  @Test func eachNameHasItsOwnKeys() throws {
    #expect(try CallRequest.ledgerKey("b:c", of: "a") == "door-a:b:c")
    #expect(throws: Problem.self) { try CallRequest.ledgerKey("", of: "a") }
    #expect(throws: Problem.self) { try CallRequest.ledgerKey("a\nb", of: "a") }
  }
}
