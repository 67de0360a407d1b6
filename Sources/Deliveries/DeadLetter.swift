import Roster
import Spool

/// A delivery that needs a person is itself told of, by a delivery to `Alert:`; at most one an hour for an address and none
/// for an alert that fails.
struct DeadLetter {
  let spool: SpoolDirectory
  let lanes: Lanes

  private static let author = "alert"

  /// Told before the delivery is given up: killed in between, it is told again under the same key, and so once.
  /// - Returns: the alert's ID where it is a new one.
  func tell(_ id: EntryID, _ header: Header, to address: Address?, _ reason: String, isHeld: Bool = false) -> EntryID? {
    guard header["From"] != Self.author, header["Alert"] != "no" else { return nil }
    do {
      let what = "alert:\(isHeld ? "held " : "")\(address?.description ?? Delivery.to(header))"
      let hour = Timestamp.now.nanoseconds / Lanes.alertCoolDown.span.nanoseconds
      let published = try lanes.commitAlert(to: spool, about: what, key: "dead-letter-\(id)-\(hour)") {
        () throws(Failure) in
        var alert = Delivery(
          to: try Address.ofAlerts(in: spool),
          text: Array(text(id, header, reason, isHeld: isHeld).utf8))
        alert.subject = isHeld ? "a message may not have been delivered" : "a message could not be delivered"
        alert.author = Self.author
        return alert
      }
      return published?.isNew == true ? published?.id : nil
    } catch {
      spool.notice("alert: \(error)")
      return nil
    }
  }

  private func text(_ id: EntryID, _ header: Header, _ reason: String, isHeld: Bool) -> String {
    let subject = header["Subject"].map { " (\($0))" } ?? ""
    let what = isHeld ? "is held" : "was given up"
    let remedy =
      isHeld
      ? "spool release \(id.short) sends it again, spool cancel \(id.short) gives it up."
      : "spool retry \(id.short) tries it again."
    return """
      The delivery \(id)\(subject) to \(Delivery.to(header)) \(what).
      Why: \(reason)
      \(remedy)
      spool show \(id.short) tells more; spool ls deliveries --room \(isHeld ? "hold" : "fail") lists all of them.

      """
  }
}

extension Lanes {
  /// One that tells of an address, or of a queue, is enough for so long.
  static let alertCoolDown = Pace.Rate(count: 1, span: .seconds(3600))

  /// Commits an alert, unless there was one about this lately: then the next one tells of it.
  fileprivate func commitAlert(
    to spool: SpoolDirectory, about what: String, key: String, _ make: () throws(Failure) -> Delivery
  ) throws(Failure) -> Published? {
    guard case .mine(var lane) = try take(what, [Self.alertCoolDown]) else { return nil }
    defer { lane.leave() }
    let published = try make().commit(to: spool, key: key, quietly: true)
    try lane.begin()
    return published
  }
}

extension Courier {
  /// Commits an alert, if there was none about this within the last hour: then the next one tells of it.
  /// - Returns: whether it is a new one.
  public func alert(_ alert: Delivery, about what: String, key: String) throws(Failure) -> Bool {
    let queue = try queue()
    if try queue.known(key: key) != nil { return false }
    let published = try Lanes(queue).commitAlert(to: spool, about: "alert:\(what)", key: key) {
      () throws(Failure) in alert
    }
    return published?.isNew == true
  }
}
