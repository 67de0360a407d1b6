import Approvals
import Deliveries
import Jobs
import Runs
import Spool

/// What the entries say of each other: in their headers, their keys and their records.
struct Links {
  let spool: SpoolDirectory

  /// What has brought it about.
  func causes(of place: Place, in queue: Queue) throws(Failure) -> [Link] {
    guard let header = (try? queue.header(at: place)) ?? nil else { return [] }
    var links: [Link] = []
    func named(_ line: String, _ queue: String, _ relation: String) {
      guard let id = header[line].flatMap({ try? EntryID($0) }) else { return }
      links.append(Link(queue: queue, id: id, relation: relation))
    }
    switch queue.name {
    case Delivery.queueName:
      named("Question", ApprovalRequest.queueName, "the request that it puts")
      named("Approved", ApprovalRequest.queueName, "the request whose yes lets it out")
      named("Job", JobState.queueName, "the job that says it")
      named("Replaces", Delivery.queueName, "the message that it replaces")
    case Reply.queueName:
      // As it was understood; until then, as it says itself.
      let reference = try queue.response(place.name.id)?.header["Request"] ?? header["Re"] ?? header["Name"]
      if let id = reference.flatMap({ try? EntryID(Self.withoutSuffix($0)) }) {
        links.append(Link(queue: ApprovalRequest.queueName, id: id, relation: "the request that it answers"))
      }
    default: break
    }
    if let (run, step) = Self.step(header["Key"]) {
      links.append(Link(queue: RunRequest.queueName, id: run, relation: "the run whose step \(step) asks for it"))
    }
    return links
  }

  /// What came of it.
  func effects(of place: Place, in queue: Queue) throws(Failure) -> [Link] {
    let id = place.name.id
    switch queue.name {
    case ApprovalRequest.queueName: return try effects(ofRequest: id, in: queue)
    case RunRequest.queueName:
      guard let line = try TimeLine(of: place, in: queue) else { return [] }
      return line.steps.flatMap { step in
        step.asked.compactMap { asked in
          guard let id = try? EntryID(asked.id), let queue = Self.queueName(asked.tool, asked.to) else { return nil }
          return Link(queue: queue, id: id, relation: "asked for by its step \(step.name)")
        }
      }
    case JobState.queueName:
      let notes = try JobSent(run: id, in: spool).notes()
      return notes.compactMap { note in
        guard case .handedOver(let id) = note else { return nil }
        return Link(queue: Delivery.queueName, id: id, relation: "what it has to say")
      }
    case Reply.queueName: return [Link(queue: Delivery.queueName, id: id, relation: "what its sender is told")]
    default: return []
    }
  }

  private func effects(ofRequest id: EntryID, in queue: Queue) throws(Failure) -> [Link] {
    var links: [Link] = []
    if try spool.root.status(Delivery.queueName)?.isDirectory == true {
      let deliveries = try spool.queue(Delivery.queueName)
      for (number, delivery) in try Desk.deliveries(putting: id, in: deliveries).enumerated() {
        let relation = number == 0 ? "the message that puts it" : "the message that reminds of it"
        links.append(Link(queue: Delivery.queueName, id: delivery, relation: relation))
      }
      links.append(Link(queue: Delivery.queueName, id: id, relation: "what is said of its verdict"))
    }
    if let verdict = try queue.response(id), let reply = verdict.header["Reply"].flatMap({ try? EntryID($0) }) {
      links.append(Link(queue: Reply.queueName, id: reply, relation: "the reply that decided it"))
    }
    return links
  }

  /// A step's tools take keys of their own: RUN/STEP/TOOL/TO.
  private static func step(_ key: String?) -> (run: EntryID, step: Substring)? {
    let words = (key ?? "").split(separator: "/", maxSplits: 2)
    guard words.count == 3, let run = try? EntryID(words[0]) else { return nil }
    return (run, words[1])
  }

  private static func withoutSuffix(_ name: String) -> String {
    for suffix in [".yes", ".no"] where name.hasSuffix(suffix) { return String(name.dropLast(suffix.count)) }
    return name
  }

  private static func queueName(_ tool: String, _ to: String) -> String? {
    switch tool {
    case "claude-call": "calls-\(to)"
    case "deliver": Delivery.queueName
    case "wait-approval": ApprovalRequest.queueName
    case "pipeline-run": RunRequest.queueName
    default: nil
    }
  }
}
