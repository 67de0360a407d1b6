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
    if let standIn = Kernel.standIn { return standIn.sleep(atMost: limit, watch: nil) }
    var polled = pollfd(fd: clinux_signal_descriptor(), events: Int16(POLLIN), revents: 0)
    poll(&polled, 1, Int32(clamping: limit.nanoseconds / 1_000_000))
  }

  /// The next one that has arrived.
  public static func pending() -> Int32? {
    if let standIn = Kernel.standIn { return standIn.pendingSignal() }
    var number: UInt8 = 0
    return read(clinux_signal_descriptor(), &number, 1) == 1 ? Int32(number) : nil
  }
}
