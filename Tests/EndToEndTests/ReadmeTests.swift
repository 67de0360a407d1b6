import Foundation
import Support
import Testing

/// Each directory says what it is, and no tool takes that for anything else.
@Suite(.timeLimit(.minutes(2))) struct ReadmeTests {
  @Test func eachDirectoryOfANewSpoolHasOneAndAQueueOfOnesOwnToo() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "letters", "calls-main", "inbox-main"])
    let expected = scratch.names("spool").filter { name in
      var isDirectory = ObjCBool(false)
      return FileManager.default.fileExists(atPath: "\(scratch.path)/spool/\(name)", isDirectory: &isDirectory)
        && isDirectory.boolValue
    }
    #expect(expected.count >= 12)
    #expect(scratch.read("spool/calls-main/README").contains("an agent is asked"))
    #expect(scratch.read("spool/inbox-main/README").contains("have written"))
    #expect(scratch.read("spool/letters/README").contains("A queue of yours"))
    for name in expected {
      let text = scratch.read("spool/\(name)/README")
      #expect(text.count > 100 && text.split(separator: "\n").allSatisfy { $0.count < 80 }, "\(name)")
    }
  }

  @Test func whatAPersonHasWrittenIsNeverOverwrittenAndWhatIsMissingIsPutThere() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init"])
    scratch.write("spool/agents/README", "mine\n")
    try FileManager.default.removeItem(atPath: "\(scratch.path)/spool/people/README")
    // As a tool of an older release, or a person, makes one.
    try FileManager.default.createDirectory(
      atPath: "\(scratch.path)/spool/memory", withIntermediateDirectories: false)
    try scratch.run("spool", ["tick"])
    #expect(scratch.read("spool/agents/README") == "mine\n")
    #expect(scratch.read("spool/people/README").contains("One file a person"))
    #expect(scratch.read("spool/memory/README").contains("memory.db"))
    #expect(scratch.read("spool/health/README").contains("heartbeat-guard"))
  }

  @Test func noToolTakesOneForAnythingElse() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "letters", "calls-main", "inbox-main"])
    try scratch.run("gateway", ["token", "list"])
    for name in ["gateway", "gateway/users", "scheduler", "memory", "health", "secrets/gateway", "runs"] {
      scratch.write("spool/\(name)/README", "for people\n")
    }
    for room in ["new", "run", "wait", "hold", "fail", "bad", "done", "drop", "out", "re"] {
      #expect(scratch.names("spool/letters/\(room)").isEmpty)
    }
    for _ in 0..<2 {
      let tick = try scratch.run("spool", ["tick"])
      #expect(tick.status == 0 && tick.output.isEmpty && !tick.error.contains("README"), "\(tick)")
    }
    let check = try scratch.run("spool", ["check"])
    #expect(check.status == 0 && !check.output.contains("README"), "\(check.output)")
    let listed = try scratch.run("spool", ["ls", "--all", "--json"])
    #expect(listed.status == 0 && listed.output.isEmpty)
    #expect(try scratch.run("spool", ["age"]).output.split(separator: "\n").count == 1)
    let guarded = try scratch.run("heartbeat-guard", ["--json"])
    #expect(!guarded.output.contains("README"), "\(guarded.output)")
    let status = try scratch.run("spool", ["status", "--json"])
    #expect(status.output.hasPrefix("{") && !status.output.contains("README"), "\(status)")
    #expect(!(try scratch.run("deliver", ["--channels"]).output.contains("README")))
    #expect(!(try scratch.run("job", ["--list"]).output.contains("README")))
    #expect(!(try scratch.run("gateway", ["token", "list"]).output.contains("README")))
    #expect(try scratch.run("claude-call", ["--agent", "README", "x"]).status != 0)
    #expect(try scratch.run("deliver", ["--to", "README"], input: "x").status != 0)
    #expect(try scratch.run("spool", ["tail", "--no-follow", "-n", "1000"]).error.isEmpty)
    for queue in ["approvals", "deliveries", "letters", "jobs"] {
      let worked = try scratch.run("spool", ["sweep", queue])
      #expect(worked.status == 0 && worked.error.isEmpty && scratch.read("spool/\(queue)/README").count > 100)
    }
  }
}
