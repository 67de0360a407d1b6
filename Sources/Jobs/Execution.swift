import Spool
import Work

/// How a run's command ended: nothing of what became of its output or its messages (`JobDelivery` says that).
public enum Execution: Equatable, Sendable {
  case succeeded
  case failed(exit: Int32)
  case ranOutOfTime
  case killed(signal: Int32)
  /// We were asked to stop, and ended it.
  case stopped(signal: Int32)
  case notStarted
  /// Its `job`, or the machine, was killed: nobody saw how it ended.
  case unseen
  /// A person took it away before it began.
  case cancelled

  public init(_ outcome: Child.Outcome) {
    if outcome.timedOut {
      self = .ranOutOfTime
    } else if let signal = outcome.stoppedBy {
      self = .stopped(signal: signal)
    } else {
      switch outcome.end {
      case .exited(0): self = .succeeded
      case .exited(let code): self = .failed(exit: code)
      case .killed(let signal): self = .killed(signal: signal)
      }
    }
  }

  /// As headers and programs say it; with `exit` it tells all.
  public var word: String {
    switch self {
    case .succeeded: "ok"
    case .failed: "failed"
    case .ranOutOfTime: "timed-out"
    case .killed, .unseen: "killed"
    case .stopped: "stopped"
    case .notStarted: "not-started"
    case .cancelled: "cancelled"
    }
  }

  /// What `job` exited with; nil where it did not.
  public var exit: Int32? {
    switch self {
    case .succeeded: 0
    case .failed(let code): code
    case .ranOutOfTime: ExitStatus.timedOut.rawValue
    case .killed(let signal), .stopped(let signal): 128 + signal
    case .notStarted: ExitStatus.unavailable.rawValue
    case .unseen, .cancelled: nil
    }
  }

  public init?(word: String, exit: Int32?) {
    switch (word, exit) {
    case ("ok", _): self = .succeeded
    case ("failed", let exit?): self = .failed(exit: exit)
    case ("timed-out", _): self = .ranOutOfTime
    case ("killed", let exit?): self = .killed(signal: exit - 128)
    case ("killed", nil): self = .unseen
    case ("stopped", let exit?): self = .stopped(signal: exit - 128)
    case ("not-started", _): self = .notStarted
    case ("cancelled", _): self = .cancelled
    default: return nil
    }
  }

  /// Whether it is one that should have gone well and did not. A person at the terminal who ends it (Ctrl-C) knows.
  public var isFailure: Bool {
    switch self {
    case .succeeded, .cancelled, .stopped(signal: 2): false
    default: true
    }
  }

  private static let notStartedWords = "cannot be started"

  /// For a person, and for the log of a run that failed: `init(reason:)` reads it back.
  public var spoken: String {
    switch self {
    case .succeeded: "done"
    case .failed(let code): "exit \(code)"
    case .ranOutOfTime: "ran out of time"
    case .killed(let signal): "killed by signal \(signal)"
    case .stopped(let signal): "stopped by signal \(signal)"
    case .notStarted: Self.notStartedWords
    case .unseen: "killed with its job"
    case .cancelled: "cancelled"
    }
  }

  /// How a run ended that lies in `fail/`, by the reason in its log: whoever wrote that may have died before it could say so
  /// elsewhere. The sweep's words, and all that is not ours, say that nobody saw its end.
  public init(reason: String) {
    let words = reason.split(separator: " ")
    func number(behind count: Int) -> Int32? { words.count > count ? Int32(words[count].prefix { $0.isNumber }) : nil }
    if reason.hasPrefix("exit "), let code = number(behind: 1) {
      self = .failed(exit: code)
    } else if reason.hasPrefix(Self.ranOutOfTime.spoken) {
      self = .ranOutOfTime
    } else if reason.hasPrefix("killed by signal "), let signal = number(behind: 3) {
      self = .killed(signal: signal)
    } else if reason.hasPrefix("stopped by signal "), let signal = number(behind: 3) {
      self = .stopped(signal: signal)
    } else if reason.hasPrefix(Self.notStartedWords) {
      self = .notStarted
    } else if reason.hasPrefix("cancelled") {
      self = .cancelled
    } else {
      self = .unseen
    }
  }
}
