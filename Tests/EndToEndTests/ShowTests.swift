import Foundation
import Support
import Testing

/// `spool show` tells a whole life.
@Suite(.timeLimit(.minutes(2))) struct ShowTests {
  private func id(_ ran: Ran) -> String { ran.output.trimmingCharacters(in: .newlines) }

  private struct Told: Decodable {
    struct Part: Decodable { var queue: String, room: String, id: String, relation: String, isCause: Bool, depth: Int }
    struct Event: Decodable { var queue: String, id: String, what: String, detail: String? }
    struct Standing: Decodable { var queue: String, room: String, id: String, words: String, advice: [String] }
    struct Story: Decodable { var parts: [Part], events: [Event], now: [Standing] }
    var story: Story
  }

  private func story(_ scratch: Scratch, _ id: String) throws -> Told.Story {
    let ran = try scratch.run("spool", ["show", "--json", id])
    let line = try #require(ran.output.split(separator: "\n").first)
    return try JSONDecoder().decode(Told.self, from: Data(line.utf8)).story
  }

  @Test func whatWasHandedOnIsOneStory() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "a", "b", "c"])
    let id = id(try scratch.run("spool", ["put", "a", "--subject", "Hi"], input: "hello\n"))
    try scratch.run("spool", ["work", "a", "--to", "b", "--once", "--", "tr", "a-z", "A-Z"])
    try scratch.run("spool", ["work", "b", "--to", "c", "--once", "--", "sh", "-c", "echo oops >&2; exit 75"])
    let shown = try scratch.run("spool", ["show", id])
    #expect(shown.status == 0 && shown.error.isEmpty)
    let text = shown.output
    #expect(text.contains("a/done/\(id)\n") && text.contains("b/wait/\(id),1\n"))
    #expect(text.contains("hello\n") && text.contains("HELLO\n") && text.contains("oops\n"))
    let story = try story(scratch, id)
    #expect(story.events.map { "\($0.queue) \($0.what)" } == ["a new", "b new", "a done", "b wait"])
    #expect(story.events[1].detail == "handed on by a")
    #expect(story.now.map { "\($0.queue)/\($0.room)" } == ["b/wait"] && story.now[0].words.contains("exit 75"))
    #expect(story.now[0].advice.contains("spool retry \(id.dropFirst(24).prefix(6))"))
    // One queue alone is named, and the story is the same.
    #expect(try self.story(scratch, "a/\(id)").events.count == 4)
    // What a person does is told by the journal, or, where that is gone, by the log.
    try scratch.run("spool", ["cancel", id])
    for day in scratch.names("spool/journal") where day.hasSuffix(".jsonl") {
      try FileManager.default.removeItem(atPath: "\(scratch.path)/spool/journal/\(day)")
    }
    let later = try self.story(scratch, id)
    #expect(later.events.map { "\($0.queue) \($0.what)" } == ["a new", "b new", "a attempt", "b attempt", "b attempt"])
    #expect(later.events.last?.detail?.hasPrefix("cancelled by user") == true)
    #expect(later.now.map(\.room) == ["fail"])
  }

  @Test func whatIsCalledByItsSixCharactersIsMeantThoughAnotherOneHasThemAsItsSlug() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "a", "b"])
    let id = id(try scratch.run("spool", ["put", "a", "--subject", "Hi"], input: "hello\n"))
    let short = String(id.dropFirst(24).prefix(6))
    for queue in ["a", "b"] { try scratch.run("spool", ["put", queue, "--slug", short], input: "its answer\n") }
    let shown = try scratch.run("spool", ["show", short])
    #expect(shown.status == 0 && shown.output.contains("hello\n") && !shown.output.contains("its answer\n"))
  }

  @Test func anApprovalIsToldWithItsMessageItsReplyAndWhatItsYesLetsOut() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init"])
    let tool = "\(Scratch.binaries)/spindle"
    scratch.write("text", "Words.\n")
    scratch.write(
      "post.sh",
      """
      set -e
      \(tool) pipeline-step ask -- \(tool) wait-approval --to me --subject Post <\(scratch.path)/text
      \(tool) pipeline-step tell -- \(tool) deliver --to me --approved post <\(scratch.path)/text
      """, executable: true)
    let run = try scratch.start("pipeline-run", ["post.sh"])
    // Until it is asked, or has come to nothing.
    let events = "--event asked --event halt --event fail --event hold"
    let line = try scratch.run(
      "/bin/sh",
      ["-c", "mkfifo t; \(tool) spool tail --json -n 99 \(events) >t & read -r line <t; kill $!; echo \"$line\""])
    #expect(line.output.contains("asked"))
    let request = try #require(scratch.names("spool/approvals/hold").first)
    let open = try story(scratch, request)
    #expect(open.now.map(\.room) == ["hold", "run"] && open.now[0].advice.first?.hasPrefix("approve ") == true)
    #expect(try scratch.run("approve", [request, "-m", "good"]).status == 0)
    #expect(run.finish().status == 0)

    let told = try story(scratch, request)
    func relations(_ story: Told.Story, _ isCause: Bool) -> [String] {
      story.parts.filter { $0.isCause == isCause && $0.depth > 0 }.map { "\($0.queue): \($0.relation)" }
    }
    #expect(relations(told, true) == ["runs: the run whose step ask asks for it"])
    #expect(
      relations(told, false) == [
        "deliveries: what its yes has let out", "deliveries: the message that puts it",
        "replies: the reply that decided it",
      ])
    #expect(told.events.contains { $0.queue == "approvals" && $0.what == "approved" })
    #expect(told.events.contains { $0.queue == "runs" && $0.detail?.hasPrefix("ask: done") == true })
    #expect(!told.events.contains { $0.detail?.hasPrefix("tell: ") == true })
    #expect(told.now.count == 1 && told.now[0].words.hasPrefix("Approved at"))

    let delivery = try #require(told.parts.first { $0.relation == "what its yes has let out" }).id
    let letOut = try story(scratch, delivery)
    #expect(relations(letOut, true).contains("approvals: the request whose yes lets it out"))
    #expect(letOut.now[0].words.hasPrefix("delivered to file:"))
    let reply = try #require(told.parts.first { $0.queue == "replies" }).id
    #expect(
      relations(try story(scratch, reply), true) == [
        "approvals: the request that it answers", "runs: the run whose step ask asks for it",
      ])

    let whole = try scratch.run("spool", ["show", scratch.names("spool/runs/done")[0]])
    #expect(whole.output.contains("asked for by its step tell: deliveries/done/\(delivery)"))
    #expect(whole.output.contains("the reply that decided it: replies/done/\(reply)"))
    #expect(try scratch.run("spool", ["check"]).status == 0)
  }

  @Test func aJobIsToldWithWhatItHasSaid() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init"])
    #expect(try scratch.run("job", ["backup", "--deliver", "me", "--", "echo", "all is kept"]).status == 0)
    let run = scratch.names("spool/jobs/done")[0]
    let told = try story(scratch, run)
    #expect(told.parts.map(\.relation) == ["", "what it has to say"])
    #expect(told.events.contains { $0.queue == "deliveries" && $0.what == "delivered" })
    let message = told.parts[1].id
    #expect(try story(scratch, message).parts.map(\.relation) == ["the job that says it", ""])
  }

  @Test func itCostsNoListOfWhatIsOver() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "a"])
    let id = id(try scratch.run("spool", ["put", "a"], input: "x"))
    try scratch.run("spool", ["work", "a", "--once", "--", "true"])
    let trace = "\(scratch.path)/trace"
    let ran = try scratch.run(
      "/usr/bin/strace",
      ["-y", "-e", "trace=getdents64", "-o", trace, "\(Scratch.binaries)/spindle", "spool", "show", id])
    #expect(ran.status == 0)
    let listed = scratch.read("trace")
    #expect(listed.contains("/spool>") && !listed.contains("/done>") && !listed.contains("/re>"))
  }

  @Test func whatBelongsToNothingAndWhatCannotBeReadIsToldAsWell() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "a"])
    let id = "20261126T100000.000001Z-k3v9qd"
    scratch.write("spool/a/bad/\(id)", "no entry\u{1B}[31m")
    let ran = try scratch.run("spool", ["show", id])
    #expect(ran.status == 0 && ran.output.contains("a/bad/\(id)") && !ran.output.contains("\u{1B}"))
    #expect(ran.output.contains("cannot be read"))
    #expect(try scratch.run("spool", ["show", "--json", id]).output.contains("\"story\":{"))
  }
}
