import CLinux
import Glibc
import Spool

/// SIGTERM, SIGINT and SIGHUP, as something to ask for: work in hand is handed back before the process ends.
public enum Signals {
  /// From now on they no longer kill.
  public static func catchThem() {
    if Kernel.standIn == nil { _ = clinux_signal_descriptor() }
  }

  /// Sleeps until one arrives; `pending` then tells it.
  public static func wait(atMost limit: Duration) {
    var none: [pollfd] = []
    wait(atMost: limit, or: &none)
  }

  /// - Parameter others: descriptors that wake as well; their `revents` say which.
  public static func wait(atMost limit: Duration?, or others: inout [pollfd]) {
    if let standIn = Kernel.standIn { return standIn.sleep(atMost: limit, watch: nil) }
    var polled = [Self.polled] + others
    poll(&polled, nfds_t(polled.count), milliseconds(limit))
    others = Array(polled[1...])
  }

  /// As poll(2) takes it; rounded up: waking just before the time would spin.
  static func milliseconds(_ limit: Duration?) -> Int32 {
    limit.map { Int32(clamping: ($0.nanoseconds + 999_999) / 1_000_000) } ?? -1
  }

  /// For who waits by other means than `wait`: what to poll for.
  public static var polled: pollfd { pollfd(fd: clinux_signal_descriptor(), events: Int16(POLLIN), revents: 0) }

  /// The next one that has arrived.
  public static func pending() -> Int32? {
    if let standIn = Kernel.standIn { return standIn.pendingSignal() }
    var number: UInt8 = 0
    return read(clinux_signal_descriptor(), &number, 1) == 1 ? Int32(number) : nil
  }
}
