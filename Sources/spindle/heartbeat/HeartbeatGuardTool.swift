import ArgumentParser
import CommandLine
import Health
import Spool
import Work

/// `heartbeat-guard`: whether there is anything to wake a model for.
struct HeartbeatGuardTool: Tool {
  static let configuration = configured()

  @OptionGroup var spool: SpoolOptions
  @Option(help: "Who would be woken: nobody is where his last calls failed for want of a login or of money.")
  var agent = "main"
  @Option(help: "How long an entry may lie before it is worth a word.") var maxAge = Span(argument: "30m")!
  @Option(
    help: ArgumentHelp("Where memory export --files writes (default: memory/files in the spool).", valueName: "dir"))
  var files: String?
  @Flag(help: "Print a JSON object: ok, signals, held, liveness.") var json = false

  func run() throws {
    let path = try spool.path()
    guard Kernel.mayAccess(path, 0) else {
      // Made here, it would be well for ever.
      throw Failure(.unavailable, path, "there is no such spool", do: "is it spelt so? spool init makes one")
    }
    let opened = try spool.open(as: "heartbeat-guard")
    let look = Look(opened)
    look.longestWait = maxAge.duration
    if let files { look.memoryFiles = files }
    look.isJustAwake = Awakening.isRecent(opened)
    if spool.verbose {
      let (interval, grace) = (Heartbeat.defaultInterval, Heartbeat.defaultGrace)
      complain("[health-monitor] started (interval: \(interval.inSeconds), grace: \(grace.inSeconds))")
      if look.isJustAwake { complain("heartbeat-guard: just awake: signs of life are not judged yet") }
    }
    var isWell = true
    do throws(Failure) {
      try HeartbeatGuard(look, waking: agent).run { finding in
        isWell = finding.told.isEmpty
        if json { return output(report(finding)) }
        if isWell { output("HEARTBEAT_OK") }
        for signal in finding.told { output(signal.line) }
        if spool.verbose { for (signal, why) in finding.held { complain("held: \(signal.line) [\(why)]".printable) } }
      }
    } catch {
      if error.isFailedFlush { throw error }
      // It was told, and is told again next time.
      complain("heartbeat-guard: \(error)")
      if isWell { throw error }
    }
    if !isWell { throw Exit(.no) }
  }

  private struct Report: Encodable {
    struct Line: Encodable {
      var rule: String
      var what: String
      var advice: String
      var key: String
      /// Why it is not told now.
      var held: String?

      init(_ signal: Signal, held: String? = nil) {
        (rule, what, advice, key, self.held) = (signal.rule, signal.what, signal.advice, signal.key, held)
      }
    }
    var ok: Bool
    var signals: [Line]
    var held: [Line]
    var liveness: [String: String]
  }

  private func report(_ finding: HeartbeatGuard.Finding) -> String {
    let report = Report(
      ok: finding.told.isEmpty, signals: finding.told.map { Report.Line($0) },
      held: finding.held.map { Report.Line($0.signal, held: $0.why) },
      liveness: finding.liveness.mapValues(\.rawValue))
    return (try? JSONLine.encode(report)) ?? "{}"
  }
}

extension Duration {
  fileprivate var inSeconds: String { "\(nanoseconds / 1_000_000_000)s" }
}
