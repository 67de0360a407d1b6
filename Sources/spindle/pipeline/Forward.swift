import Glibc
import Work

/// Hands on what somebody else says, as long as anybody hears it: who goes away, or stands still when we are asked to stop, takes
/// nothing with him.
/// - Returns: whether all of it was taken.
@discardableResult
func forward(_ bytes: some Collection<UInt8>, to descriptor: Int32) -> Bool {
  var rest = Array(bytes)[...]
  while !rest.isEmpty {
    var polled = [pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)]
    Signals.wait(atMost: nil, or: &polled)
    // A signal: it is for whoever asks for it next.
    if polled[0].revents == 0 { return false }
    // So much a pipe takes at once that says it takes anything.
    let count = rest.prefix(4096).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR && errno != EAGAIN { return false }
  }
  return true
}
