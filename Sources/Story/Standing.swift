import Approvals
import Deliveries
import Jobs
import Runs
import Spool

/// Where a part stands now: what it waits for, and what a person can do.
public struct Standing: Encodable, Sendable {
  public var queue: String
  public var room: String
  public var id: String
  public var words: String
  /// Commands, as they can be typed.
  public var advice: [String]
}

struct Judge {
  private let spool: SpoolDirectory
  private lazy var locks = LockTable()

  init(_ spool: SpoolDirectory) { self.spool = spool }

  mutating func standing(of part: Part) throws(Failure) -> Standing? {
    guard let room = Room(rawValue: part.room), let name = try? EntryName(part.name) else { return nil }
    let queue = try spool.queue(part.queue)
    let place = Place(room: room, fileName: part.name, name: name)
    guard let status = try queue[room].status(part.name) else { return nil }
    var words: String
    let advice: [String]
    (words, advice) = try self.words(queue, place, status)
    if name.inDoubt && room != .done { words += "; it may have had its effect already" }
    return Standing(queue: part.queue, room: part.room, id: part.id, words: words, advice: advice)
  }

  private mutating func words(
    _ queue: Queue, _ place: Place, _ status: FileStatus
  ) throws(Failure) -> (String, [String]) {
    let id = place.name.id
    let because = queue.lastReason(id).map { ": \($0)" } ?? ""
    switch place.room {
    case .new:
      return ("is ready since \(age(id.time))", [takes(queue.name)].compactMap { $0 })
    case .run:
      let who = place.name.holder ?? "somebody"
      if locks.isHeld(status) {
        let since = "\(who) works on it since \(age(status.changed))"
        // A run's claim is timed for one round of it, and it goes on in the next.
        if queue.name == RunRequest.queueName { return (since, []) }
        return ("\(since), until \(status.modified.rfc3339Seconds) at most", [])
      }
      return ("\(who), who worked on it, is dead: the tick puts it in order", ["spool sweep \(queue.name)"])
    case .wait:
      let left = status.modified - .now
      let due = left > .zero ? "is tried again in \(left.spoken), at \(status.modified.rfc3339Seconds)" : "is due now"
      if queue.name == ApprovalRequest.queueName { return ("has reached nobody yet; \(due)\(because)", []) }
      // When it is tried again was said.
      let why = because.ranges(of: ": again at ").last.map { String(because[..<$0.lowerBound]) } ?? because
      let taker = left > .zero ? nil : takes(queue.name)
      return (
        due + why,
        [taker, "spool retry \(id.short)", "spool hold \(id.short)", "spool cancel \(id.short)"].compactMap { $0 }
      )
    case .hold: return try held(queue, place, status, because)
    case .fail:
      if queue.name == JobState.queueName { return ("was not done\(because)", ["its schedule runs it again"]) }
      return ("was given up\(because)", ["spool retry \(id.short)"])
    case .bad:
      return ("cannot be read\(because)", [queue.mending(of: place.fileName)])
    case .done: return (try ended(queue, id, status), [])
    default: return ("lies in \(place.room.rawValue)/", [])
    }
  }

  private func held(
    _ queue: Queue, _ place: Place, _ status: FileStatus, _ because: String
  ) throws(Failure) -> (String, [String]) {
    let id = place.name.id
    guard queue.name == ApprovalRequest.queueName, let proof = try Proof.read(id, in: queue) else {
      // Its line in the log begins with that word as well.
      let because = because.hasPrefix(": held: ") ? String(because.dropFirst(6)) : because
      return ("is held until you release it\(because)", ["spool release \(id.short)", "spool cancel \(id.short)"])
    }
    let deadline = max(proof.deadline, status.modified)
    let left = deadline - .now
    let until = left > .zero ? "\(left.spoken) left, until \(deadline.rfc3339Seconds)" : "its time is over"
    return (
      "waits for a yes or no, asked at \(proof.address): \(until)", ["approve \(id.short)", "reject \(id.short)"]
    )
  }

  /// How it ended, by its record.
  private func ended(_ queue: Queue, _ id: EntryID, _ status: FileStatus) throws(Failure) -> String {
    guard let record = try queue.response(id) else {
      if try queue[.out].contains(id.description) {
        return "is done, and its product is still in \(queue.name)/out/: spool sweep \(queue.name) hands it over"
      }
      return "is over since \(status.changed.rfc3339Seconds)" + (queue.lastReason(id).map { ": \($0)" } ?? "")
    }
    let header = record.header
    switch queue.name {
    case ApprovalRequest.queueName: return try Verdict(record).spoken
    case Delivery.queueName:
      let to = "\(header["Channel"] ?? "?"):\(header["Address"] ?? "?")"
      let receipt = record.text.split(whereSeparator: \.isNewline).first.map { " (\($0))" } ?? ""
      return "delivered to \(to) at \(header["Delivered"] ?? "?")\(receipt)"
    case Reply.queueName: return record.text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "read"
    default:
      let cost = header["Cost-USD"].map { ", for \($0) USD" } ?? ""
      return "is over since \(record.created.rfc3339Seconds)\(cost): what came of it lies in \(queue.name)/re/"
    }
  }

  private func takes(_ queue: String) -> String? {
    switch queue {
    case Delivery.queueName: "deliver --recover"
    case ApprovalRequest.queueName, Reply.queueName, RunRequest.queueName: "spool tick"
    case JobState.queueName: nil
    case _ where queue.hasPrefix("calls-"): "gateway serves it, or who has called"
    default: "spool work \(queue) -- COMMAND"
    }
  }

  private func age(_ time: Timestamp) -> String { "\(time.rfc3339Seconds) (\(max(.zero, .now - time).spoken))" }
}
