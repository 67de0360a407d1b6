import Foundation
import Spool
import Support
import Testing
import Work

@testable import Deliveries
@testable import Jobs

@Suite struct ChannelTests {
  /// Exit, signal, time-out; and what it means.
  @Test func anExitSaysWhatHappened() {
    func judge(_ end: Child.Outcome.End, timedOut: Bool = false, _ output: String = "") -> Outcome {
      var outcome = Child.Outcome(end: end)
      outcome.timedOut = timedOut
      return Channel.judge(outcome, output: output, reason: "why")
    }
    #expect(judge(.exited(0), "id 7\nmore") == .sent(receipt: "id 7"))
    #expect(judge(.exited(0)) == .sent(receipt: "exit 0; the channel gave no receipt"))
    #expect(judge(.exited(75), "retry-after: 30") == .refused("why", after: .seconds(30)))
    #expect(judge(.exited(75)) == .refused("why", after: nil))
    #expect(judge(.exited(69)) == .unreachable("why"))
    #expect(judge(.exited(74)) == .ambiguous("why"))
    #expect(judge(.killed(9)) == .ambiguous("why"))
    #expect(judge(.killed(15), timedOut: true) == .ambiguous("why"))
    #expect(judge(.exited(1)) == .permanent("why"))
  }
}

@Suite struct FileChannelTests {
  private let id = try! EntryID("20261123T172044.120773Z-k3v9qd")

  private func channel(_ scratch: Scratch, _ text: String = "two\nlines") -> FileChannel {
    FileChannel(path: "\(scratch.path)/inbox", id: id, subject: "Hi", text: Array(text.utf8))
  }

  private var record: String { "=== \(id) Hi\ntwo\nlines\n\n" }

  @Test func theSameIDIsAppendedOnce() throws {
    let scratch = Scratch()
    _ = try channel(scratch).append()
    #expect(try channel(scratch).append().contains("there already"))
    #expect(scratch.read("inbox") == record)
  }

  @Test func whatCannotBeOpenedIsNeverInDoubt() throws {
    let scratch = Scratch()
    for path in ["/proc/nope/x", "\(scratch.path)/none/inbox", scratch.path] {
      let channel = FileChannel(path: path, id: id, subject: nil, text: Array("x".utf8))
      do {
        _ = try channel.append()
        Issue.record("appended to \(path)")
      } catch { #expect(error.status != .io) }
    }
  }

  @Test func aTornRecordIsCompletedAndWhatStoodBeforeStays() throws {
    for cut in [1, 10, 40, record.utf8.count - 1] {
      let scratch = Scratch()
      scratch.write("inbox", "mine\n" + record.prefix(cut))
      _ = try channel(scratch).append()
      #expect(scratch.read("inbox").hasPrefix("mine\n"))
      #expect(scratch.read("inbox").hasSuffix(record))
      // A head line that was cut cannot be told from the owner's own words: it stays, and the record follows.
      #expect(scratch.read("inbox").components(separatedBy: "two\nlines").count == 2)
    }
  }

  @Test func ofAFreshMessageOnlyTheEndIsReadAndItIsStillAppendedOnce() throws {
    let scratch = Scratch()
    scratch.write("inbox", String(repeating: "a line of somebody\n", count: 10_000) + "no newline")
    var fresh = channel(scratch)
    fresh.isRepeat = false
    _ = try fresh.append()
    let once = scratch.read("inbox")
    #expect(once.hasSuffix("no newline\n" + record))
    #expect(try fresh.append().contains("there already") && channel(scratch).append().contains("there already"))
    #expect(scratch.read("inbox") == once)
    // Half of it, as a cut leaves it.
    scratch.write("inbox", String(once.dropLast(8)))
    _ = try fresh.append()
    #expect(scratch.read("inbox") == once)
  }

  @Test func whatWasTornInTheMiddleStaysAndTheRecordFollowsWhole() throws {
    let scratch = Scratch()
    let other = "=== 20261123T172044.120773Z-k3v9qf\nother\n\nno newline"
    scratch.write("inbox", record.prefix(44) + "\n" + other)
    _ = try channel(scratch).append()
    #expect(scratch.read("inbox") == record.prefix(44) + "\n" + other + "\n" + record)
    #expect(try channel(scratch).append().contains("there already"))
  }
}
