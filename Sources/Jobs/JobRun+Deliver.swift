import Deliveries
import Roster
import Spool
import Work

extension JobRun {
  /// One output, one message, however often its handing over is begun.
  static func outputKey(_ run: EntryID) -> String { "job-output-\(run)" }

  /// An output that says that there is nothing to say, as heartbeat-guard and the agents do.
  static let silentWords = ["HEARTBEAT_OK", "NO_REPLY"]

  static func isSilent(_ output: [UInt8]) -> Bool {
    let text = String(decoding: output, as: UTF8.self)
    let inner = text.drop { $0.isWhitespace }
    guard let last = inner.lastIndex(where: { !$0.isWhitespace }) else { return true }
    return silentWords.contains(String(inner[...last]))
  }

  /// How long a message may wait for its turn, at an address with a pace, before it is left to the next round.
  private static let patience = Duration.seconds(10)
  /// Above the minute that a channel may take.
  private static let longest = Duration.seconds(120)

  /// Hands the output over for delivery, and tries to send it, before the record is made: so that it can say what came of it. What
  /// goes wrong here is no failure of the run.
  func deliver(_ output: [UInt8], of claim: Claim) throws(Failure) {
    guard let deliverTo else { return }
    let sent = JobSent(run: claim.id, in: job.spool)
    if Self.isSilent(output) { return sent.note(.silent) }
    sent.note(.to(deliverTo))
    let id: EntryID
    do throws(Failure) {
      try claim.setDeathTimer(Self.longest)
      var delivery = Delivery(to: try Address.resolve(deliverTo, in: job.spool), text: output)
      delivery.subject = job.name
      delivery.author = "job"
      delivery.job = claim.id
      id = try delivery.commit(to: job.spool, key: Self.outputKey(claim.id)).id
    } catch {
      if error.isFailedFlush { throw error }
      sent.note(.refused(error.description))
      job.spool.notice("its output is not delivered: \(error)")
      return
    }
    sent.note(.handedOver(id))
    // Asked to stop meanwhile, the next round sends it; the run is over all the same.
    do throws(Failure) { _ = try courier?.send(id, patience: Self.patience) } catch {
      if error.isFailedFlush { throw error }
      job.spool.notice("\(id): \(error)")
    }
  }
}
