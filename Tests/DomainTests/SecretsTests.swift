import Foundation
import Spool
import Support
import Testing

@testable import Secrets

/// The shipped rules, as a user has them, and values that are made when the test runs: no secret stands in this repository.
@Suite struct SecretsTests {
  static let path = "\(Scratch.sources)/Sources/rules/secrets.rules"
  private static let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
  private static let rules = Result { try SecretRules([(path, text)]) }

  private func shipped(and own: String? = nil) throws -> SecretRules {
    guard let own else { return try Self.rules.get() }
    return try SecretRules([(Self.path, Self.text), ("own.secrets", own)])
  }

  @Test func everyRuleFindsItsShapesWhereverTheyStand() throws {
    let rules = try shipped()
    #expect(rules.rules.count >= 45)
    for rule in rules.rules {
      #expect(!rule.shapes.isEmpty && !rule.nearMisses.isEmpty, "\(rule.name) has no shape: or no near:")
      for shape in rule.shapes {
        let value = Sample.made(like: shape)
        for text in [
          value, "Use \(value)", "\(value)\nand so on", "{\"a\": \"\(value)\"}", "(\(value)), then", "äöü \(value) äöü",
        ] {
          let found = rules.matches(in: text)
          #expect(!found.isEmpty, "\(rule.name): \(shape)")
          let redacted = rules.redacted(text)
          #expect(redacted.contains("[secret: "), "\(rule.name): \(shape)")
          #expect(rules.redacted(redacted) == redacted, "\(rule.name), again: \(shape)")
        }
        #expect(rules.matches(in: value).map(\.rule) == [rule.name], "\(shape)")
        let two = rules.matches(in: "\(value) \n \(value)")
        #expect(two.count == 2, "twice: \(rule.name): \(shape)")
      }
    }
  }

  @Test func noRuleFindsNearMisses() throws {
    let rules = try shipped()
    for rule in rules.rules {
      for near in rule.nearMisses {
        let value = Sample.made(like: near)
        #expect(rules.redacted(value) == value, "\(rule.name): \(near)")
      }
    }
  }

  @Test(arguments: [
    "fixed in 05527c1, see commit 05527c1e9a3f4b6d8c0e2f1a3b5c7d9e0f1a2b3c",
    "sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  spindle.tar.gz",
    "id 123e4567-e89b-12d3-a456-426614174000 was seen twice",
    "\"integrity\": \"sha512-oZ+WqLpGbcb3KmAkE8TzGQDjSXFuqOcGqPqJFiKpVOx0c5JQ8Zk3yGdEw2gNJcOYm1kqT0F4vYyDaJX7GqWlDw==\"",
    "<img src=\"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==\">",
    "/home/ann/.config/spindle/keys/2026-11-26T07:24:31Z/agent.json",
    "Please never put the password into the log; ask me for the token when you need one.",
    "Das Passwort ist falsch, und der Schlüssel: liegt unter der Matte. Das Passwort: bitte nie in die Datei schreiben.",
    "guard let token = try await session.refreshToken(for: user) else { throw LoginError.tokenExpired }",
    "const apiKey = process.env.STRIPE_SECRET_KEY_V2 ?? config.keys.stripe",
    "password: Optional[str] = None", "let password: String? = nil", "tokens: 128000, max_tokens=4096",
    "export GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "api_key: <your-key>", "API_KEY=${API_KEY}",
    "https://github.com/apple/swift-crypto/blob/main/Sources/Crypto/Key%20Derivation/HKDF.swift#L12-L40",
    "ssh git@github.com:ann/spindle.git && curl -u \"$USER:$PASSWORD\" https://host.test",
    "the mask-0123 and task-abcdefghijklmnopqrstuvwxyz0123456789abcdefghijkl are no keys",
    "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ2F0Q2F0Q2F0Q2F0Q2F0Q2F0\n-----END CERTIFICATE-----",
    "it checks for -----BEGIN RSA PRIVATE KEY----- and reads /very/long/path/to/the/file/that/follows",
    "PWD=/home/ann/work/spindle2", "csrf: the token is base64-encoded in 2 steps", "cache_key=v2-linux-x64-swift-6.3",
    // Too regular to be random.
    "api_key: a1b2a1b2a1b2a1b2a1b2a1b2", "AKIAABABABABABABABAB", "password: a1a1a1a1a1",
  ])
  func everydayTextIsLeftAlone(_ text: String) throws {
    let rules = try shipped()
    #expect(rules.redacted(text) == text)
    #expect(rules.matches(in: text).isEmpty)
  }

  @Test func onlyTheSecretGoes() throws {
    let rules = try shipped()
    let word = Sample.made(like: "alnum*12")
    let key = Sample.made(like: "alnum*32")
    for (text, expected) in [
      ("postgres://ann:\(word)@db:5432/x", "postgres://ann:[secret: url-password]@db:5432/x"),
      ("{\"password\":\"\(word)\",\"user\":\"ann\"}", "{\"password\":\"[secret: password]\",\"user\":\"ann\"}"),
      ("api_key=\(key)&page=2", "api_key=[secret: assigned-key]&page=2"),
      ("Authorization: Bearer \(key)\r\nHost: a", "Authorization: Bearer [secret: authorization]\r\nHost: a"),
      ("- **Password:** `\(word)`", "- **Password:** `[secret: password]`"),
      (
        "A=\(Sample.made(like: "ghp_ alnum*36")); B=\(Sample.made(like: "AKIA base32*16"))",
        "A=[secret: github-token]; B=[secret: aws-access-key-id]"
      ),
      ("token: \(Sample.made(like: "ghp_ alnum*36"))", "token: [secret: github-token]"),
    ] {
      #expect(rules.redacted(text) == expected)
    }
  }

  @Test func nothingHidesBehindAMark() throws {
    let token = Sample.made(like: "ghp_ alnum*36")
    let rules = try shipped()
    #expect(rules.redacted("[secret: \(token)]") == "[secret: [secret: github-token]]")
    #expect(rules.redacted("[secret: jwt] [secret: \(token)") == "[secret: jwt] [secret: [secret: github-token]")
    #expect(rules.matches(in: "[secret: password]: [secret: assigned-key]").isEmpty)
  }

  @Test func aPrivateKeyGoesWholeOrCutOff() throws {
    let rules = try shipped()
    let line = Sample.made(like: "b64*64")
    let title = "RSA PRIVATE" + " KEY-----"
    let body = "-----BEGIN \(title)\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n\(line)\n\(line)\nabc=\n"
    #expect(rules.redacted("a\n\(body)-----END \(title)\nb") == "a\n[secret: private-key]\nb")
    #expect(rules.redacted("a\n\(body.dropLast(30))") == "a\n[secret: private-key]")
    #expect(rules.redacted("\(body)Then we go on.").hasSuffix("Then we go on."))
    let commented = body.replacing("Proc-Type: 4,ENCRYPTED", with: "Comment: key of ann@host.example.com")
    #expect(rules.redacted(commented + "-----END \(title)") == "[secret: private-key]")
    let json =
      "{\"type\": \"service_account\", \"private_key\": \"-----BEGIN \(title)\\n\(line)\\n\(line)\\nab==\\n-----END \(title)\\n\", \"x\": 1}"
    #expect(
      rules.redacted(json) == "{\"type\": \"service_account\", \"private_key\": \"[secret: private-key]\\n\", \"x\": 1}"
    )
    let indented = "key: |\n    -----BEGIN \(title)\n    \(line)\n    \(line)\n    -----END \(title)\nnext: 1\n"
    #expect(rules.redacted(indented) == "key: |\n    [secret: private-key]\nnext: 1\n")
  }

  @Test func aMatchSaysWhereItIs() throws {
    let rules = try shipped()
    let token = Sample.made(like: "ghp_ alnum*36")
    let text = "é\none\ntwo \(token) and AKIA\n\n\(token)"
    let found = rules.matches(in: text)
    #expect(found.map(\.line) == [3, 5])
    #expect(found.map { String(text[$0.range]) } == [token, token])
    #expect(found.map(\.description) == ["a GitHub token", "a GitHub token"])
  }

  @Test func aUserAddsReplacesAndSwitchesOff() throws {
    let token = Sample.made(like: "ghp_ alnum*36")
    #expect(try shipped(and: "off github-token\n").redacted("see \(token)") == "see \(token)")
    let own = "rule house\nwhat: our own\npattern: hse_ [0-9]{6}\n\nrule jwt\nwhat: another\npattern: jjj [a-z]{3}\n"
    let rules = try shipped(and: own)
    #expect(rules.redacted("hse_428317, hse_4283175, jjjabc") == "[secret: house], hse_4283175, [secret: jwt]")
    #expect(rules.rules.count { $0.name == "jwt" } == 1)
  }

  @Test(arguments: [
    ("rule a\nwhat: x\n", 1, "lacks what: or pattern:"),
    ("\nrule a\nwhat: x\npattern: [a-z]{3}\n", 4, "no text of two or more"),
    ("rule a\nwhat: x\npattern: abc [a-z\n", 3, "without its ]"),
    ("rule a\nwhat: x\npattern: abc [a-z]{4,2}\n", 3, "a count that is none"),
    ("rule a\nwhat: x\npattern: abc ( [a-z]\n", 3, "one ( and, later, one )"),
    ("rule a\nwhat: x\npattern: abc\nentropy: much\n", 4, "no entropy"),
    ("rule a\nwhat: x\nneeds: letters\n", 3, "no kind of character"),
    ("what: x\n", 1, "stands in no rule"),
    ("rule a\ncolour: red\n", 2, "not known"),
    ("off nothing\n", 1, "no rule nothing"),
    ("hello\n", 1, "expected rule NAME"),
  ])
  func aWrongRuleIsNamedWithItsLine(_ text: String, line: Int, why: String) throws {
    let failure = #expect(throws: Failure.self) { try SecretRules([("own.secrets", text)]) }
    #expect(failure?.status == .configuration)
    #expect(failure?.what == "own.secrets: line \(line)")
    #expect(failure?.why.contains(why) == true, "\(failure?.why ?? "")")
  }

  /// Sixteen times the text takes about sixteen times as long, not 256 times. (A debug build takes fifty times as long as what
  /// is shipped, which takes less than 0.1 s for 1 MiB of each of these.)
  @Test(arguments: [
    "a", "sk-", "eyJ.", "://", "eyJ", "password=", "token:", "-----BEGIN PRIVATE KEY-----\n", "A:A", "bot 1", "a:a@",
    "Q~",
  ])
  func noTextIsSlow(_ piece: String) throws {
    let rules = try shipped()
    func time(_ bytes: Int) -> Duration {
      let text = String(repeating: piece, count: bytes / piece.utf8.count)
      return (0..<3).map { _ in Self.processorTime { _ = rules.redacted(text) } }.min() ?? .zero
    }
    let small = max(time(8 << 10), .microseconds(500))
    #expect(time(128 << 10) < small * 16 * 4)
  }

  /// Of this thread: other tests run meanwhile.
  private static func processorTime(_ work: () -> Void) -> Duration {
    func now() -> Duration {
      var time = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
    let begun = now()
    work()
    return now() - begun
  }

  /// Pieces of secrets and of what stands around them, shuffled: taken out once, nothing more is found.
  @Test func redactionIsIdempotentOnAnything() throws {
    let rules = try shipped()
    let pieces =
      rules.rules.flatMap { $0.shapes + $0.nearMisses }.map(Sample.made(like:))
      + [
        " ", "\n", ": ", "=", "\"", "\\", "password", "token", "@", "://", ":", "[secret: jwt]", "(", ")", "'", "a",
        "-", "_",
      ]
    var dice = Sample.Dice(state: 20_261_126)
    for _ in 0..<1000 {
      let text = (0..<Int.random(in: 1...6, using: &dice)).map { _ in pieces.randomElement(using: &dice) ?? "" }
        .joined()
      let once = rules.redacted(text)
      #expect(rules.redacted(once) == once, "\(text)")
    }
  }
}

/// Makes a value of a `shape:`: `kind*count` is so many characters of a kind, the rest is as it stands.
private enum Sample {
  /// Kinds of letters and digits in turn, so that any stretch has some of each and no word comes about.
  private static let kinds = [
    "alnum": "k7Qv2ZxR9mJ4tWb0HsY6pLc3NgF8dTu1KrV5zMqX", "word": "k7Q-v2Zx_R9mJ4tWb0HsY6pLc3NgF8dTu1KrV5zMqX",
    "b64": "k7Qv/2ZxR9mJ4tWb+0HsY6pLc3NgF8dTu1KrV5zMqX", "hex": "a4f0c9e2b7d15836", "digit": "4081739265",
    "upper": "QKZVXRMJTWBHSYPLCNGFDU", "letter": "kQvZxRmJtWbHsYpLcNgFdTuKrVzMqX",
    "base32": "Q7KZ2VX4RM5JT6WB3HSYPLCNGFDU",
    "base32low": "q7kz2vx4rm5jt6wb3hsyplcngfdu", "base36": "k7q2v9z4x0r6m3j8t1w5bhsyplcngfdu",
    "upper36": "K7Q2V9Z4X0R6M3J8T1W5BHSYPLCNGFDU", "bech32": "Q7PZ0RY9X8GF2TVDW3S5JN4KHCE6MUAL",
  ]
  private static let signs = ["LF": "\n", "SP": " "]

  static func made(like shape: String) -> String {
    var made = ""
    for piece in pieces(shape) {
      let parts = piece.split(separator: "*")
      if parts.count == 2, let kind = kinds[String(parts[0])], let count = Int(parts[1]) {
        let offset = made.utf8.count
        made += (0..<count).map { String(Array(kind)[($0 + offset) % kind.count]) }.joined()
      } else {
        made += signs[piece] ?? piece
      }
    }
    return made
  }

  /// Words, and what stands between two `"`, in which `\"` is one.
  private static func pieces(_ shape: String) -> [String] {
    var pieces: [String] = []
    var piece: String?
    var isQuoted = false
    var isEscaped = false
    for character in shape {
      if isEscaped {
        piece?.append(character)
        isEscaped = false
      } else if isQuoted, character == "\\" {
        isEscaped = true
      } else if character == "\"", isQuoted || piece == nil {
        isQuoted.toggle()
        piece = piece ?? ""
      } else if character == " ", !isQuoted {
        if let piece { pieces.append(piece) }
        piece = nil
      } else {
        piece = (piece ?? "") + String(character)
      }
    }
    if let piece { pieces.append(piece) }
    return pieces
  }

  struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }
  }
}
