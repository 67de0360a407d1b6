import Spool

/// A child on the tests' simulated machine: the same interface, and no process.
extension Child {
  static func simulated(
    _ standIn: any KernelStandIn, _ command: Command, input: File?, lock: File?
  ) throws(Failure) -> Int32 {
    do {
      return try standIn.spawn(
        command.path, arguments: command.arguments, environment: command.environment, input: input?.descriptor,
        lock: lock?.descriptor)
    } catch {
      if error == .tooManyOpenFiles { throw shortage(command) }
      throw failure(command, error.rawValue)
    }
  }

  func runSimulated(
    _ standIn: any KernelStandIn, until deadline: Deadline?, _ onOutput: (ArraySlice<UInt8>) -> Appetite
  ) -> Outcome {
    let ended = standIn.wait(for: process, until: deadline.map { standIn.uptime() + $0.remaining.nanoseconds })
    if !ended.output.isEmpty { _ = onOutput(ended.output[...]) }
    var outcome = Outcome(end: Self.end(of: ended.status))
    outcome.timedOut = ended.timedOut
    outcome.stoppedBy = ended.stoppedBy
    return outcome
  }
}
