import Foundation
import Spool
import Support
import Testing

@testable import Roster

@Suite struct AgentTests {
  private func agent(_ text: String) throws -> Agent {
    try Agent(named: "x", file: SettingsFile(path: "x.md", bytes: Array(text.utf8), hasBody: true))
  }

  @Test func allThatAFileMaySayIsRead() throws {
    let agent = try agent(
      "Model: opus\nCommand: /opt/x/claude --safe\nTimeout: 2m30s\nRate: 3/h\nConcurrency: 2\nBudget: $2.50\n"
        + "Requires: NOTION_DB no Notion DB, !~/.netrc\nSession: persistent\nConfig-Dir: ~/.claude-x\n\nWho\n\nI am\n")
    #expect(agent.model == "opus" && agent.command == ["/opt/x/claude", "--safe"] && agent.timeout == .seconds(150))
    #expect(agent.rate == Agent.Rate(count: 3, span: .seconds(3600)) && agent.concurrency == 2 && agent.budget == 2.5)
    #expect(agent.requirements.map(\.word) == ["no Notion DB", "no ~/.netrc"])
    #expect(agent.requirements.map(\.isVital) == [false, true])
    #expect(agent.isPersistent && agent.identity == "Who\n\nI am\n")
  }

  @Test func anAgentFileOfClaudeCodeReadsAsItIs() throws {
    let agent = try agent(
      "---\r\nname: reviewer\r\ndescription: \"reads\"\r\ntools: Read, Grep\r\nmodel: inherit\r\n---\r\n\r\nYou review.\r\n"
    )
    #expect(
      agent.model == "haiku" && !agent.namesModel && agent.tools == "Read, Grep" && agent.identity == "You review.\n")
  }

  @Test(arguments: [
    ("Modle: haiku\n", "x.md:1", "use one of Model"), ("Model: a\nTimeout: soon\n", "x.md:2", "a span such as"),
    ("Rate: 5\n", "x.md:1", "10/min"), ("Concurrency: 0\n", "x.md:1", "1 to 100"),
    ("Budget: -1\n", "x.md:1", "dollars"),
    ("Session: maybe\n", "x.md:1", "new or persistent"), ("---\ntools:\n  - Read\n---\n", "x.md:3", "commas"),
    ("---\ntools:\n- Read\n---\n", "x.md:3", "commas"), ("just words\n", "x.md:1", "Name: value"),
  ])
  func whatIsNotUnderstoodIsRefusedWithItsLineAndWhatToWrite(_ text: String, _ place: String, _ advice: String) {
    #expect { try agent(text) } throws: { error in
      let failure = error as? Failure
      return failure?.status == .configuration && failure?.what == place && failure?.advice?.contains(advice) == true
    }
  }
}

@Suite struct AddressTests {
  private func spool() throws -> (Scratch, SpoolDirectory) {
    let scratch = Scratch()
    let spool = try scratch.spool().0
    scratch.write(
      "spool/people/ann", "Telegram: 4711\nFile: /home/ann/in\nEmail: ann@example.org\nOrder: email, telegram\n")
    return (scratch, spool)
  }

  @Test(arguments: [
    ("ann", ["email:ann@example.org", "telegram:4711", "file:/home/ann/in"]), ("telegram:ann", ["telegram:4711"]),
    ("file:/x", ["file:/x"]),
    (
      "telegram:99, file:/x,ann",
      ["telegram:99", "file:/x", "email:ann@example.org", "telegram:4711", "file:/home/ann/in"]
    ),
    ("file:ann,file:/home/ann/in", ["file:/home/ann/in"]),
  ])
  func whatToNamesIsResolved(_ text: String, _ expected: [String]) throws {
    let (scratch, spool) = try spool()
    #expect(try Address.resolve(text, in: spool).map(\.description) == expected)
    withExtendedLifetime(scratch) {}
  }

  @Test(arguments: ["nobody", "", ",", "sms:ann", "../etc/passwd"])
  func whatNamesNobodyIsRefused(_ text: String) throws {
    let (scratch, spool) = try spool()
    #expect(throws: Failure.self) { try Address.resolve(text, in: spool) }
    withExtendedLifetime(scratch) {}
  }
}
