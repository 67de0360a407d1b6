import CommandLine
import Harvest
import Memory
import Spool
import Work

extension HarvestPass {
  /// Reads all there is, and then what is written, as it is written.
  /// - Returns: the status of the signal that has ended it.
  func follow() throws -> ExitStatus {
    let store = try MemoryStore(spool)
    try store.remove(MemoryStore.anew)
    let harvester = try harvester(store)
    let watch = TreeWatch { complain("harvest: \($0)") }
    var changes = TreeWatch.Changes(isAll: true)
    var isFirst = true
    // A full disk may be full for long: it is told of once, and looked at less and less often.
    var (told, pause) = ("", Duration.seconds(1))
    let pulse = try Pulse("harvest", in: spool)
    // A first look over all there is may take longer than the next beat is due in.
    let stop = harvester.stop
    harvester.stop = {
      pulse.beat()
      return stop()
    }
    while true {
      pulse.beat()
      do throws(Failure) {
        if changes.isAll {
          if !isFirst { watch.restart() }
          try harvester.harvest(sources, entering: watch.add)
        } else {
          try harvester.harvest(changes.files, of: sources)
        }
      } catch {
        // A signal: what was read is recorded. A full disk, a database that somebody holds: the next look may do better.
        if error.status.rawValue > 128 {
          pulse.end()
          return error.status
        }
        guard error.status == .tryAgain else { throw error }
        if told != "\(error)" { complain("harvest: \(error)") }
        told = "\(error)"
        Signals.wait(atMost: pause)
        if let number = Signals.pending() { return end(pulse, number) }
        pause = min(pause * 2, .seconds(30))
        changes = TreeWatch.Changes(isAll: true)
        continue
      }
      (told, pause) = ("", .seconds(1))
      if isFirst && !options.spool.quiet { output("watching: \(harvester.sum.files) files read") }
      isFirst = false
      if let number = Signals.pending() { return end(pulse, number) }
      changes = watch.wait(or: [Signals.polled])
      if let number = Signals.pending() { return end(pulse, number) }
    }
  }

  private func end(_ pulse: Pulse, _ number: Int32) -> ExitStatus {
    pulse.end()
    return .signal(number)
  }
}
