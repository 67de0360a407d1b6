import CLinux
import Glibc

/// SIGTERM, SIGINT and SIGHUP, as something to ask for: work in hand is handed back before the process ends.
public enum Signals {
  /// From now on they no longer kill.
  public static func catchThem() { _ = clinux_signal_descriptor() }

  /// Sleeps until one arrives; `pending` then tells it.
  public static func wait(atMost limit: Duration) {
    var polled = pollfd(fd: clinux_signal_descriptor(), events: Int16(POLLIN), revents: 0)
    poll(&polled, 1, Int32(clamping: limit.nanoseconds / 1_000_000))
  }

  /// The next one that has arrived.
  public static func pending() -> Int32? {
    var number: UInt8 = 0
    return read(clinux_signal_descriptor(), &number, 1) == 1 ? Int32(number) : nil
  }
}
