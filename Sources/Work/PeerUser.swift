import Spool

/// Whose process is at the other end of a connection over the loopback: the kernel knows, and tells it in /proc/net/tcp.
package enum PeerUser {
  /// - Parameters:
  ///   - port: of the other end.
  ///   - ours: the port that it has connected to.
  /// - Returns: nil where it cannot be found.
  package static func uid(port: Int, to ours: Int) -> UInt32? {
    for (table, address) in [("tcp", "0100007F"), ("tcp6", "0000000000000000FFFF00000100007F")] {
      guard let directory = try? Directory(path: "/proc/self/net"), let file = try? directory.open(table),
        let bytes = try? file.readAll(limit: 64 << 20)
      else { continue }
      if let uid = find("\(address):\(hexadecimal(port))", "\(address):\(hexadecimal(ours))", in: bytes) { return uid }
    }
    return nil
  }

  /// `sl local_address rem_address st tx:rx tr:when retrnsmt uid …`
  package static func find(_ local: String, _ remote: String, in table: [UInt8]) -> UInt32? {
    for line in table.split(separator: 10) where line.holds(Array(local.utf8)) {
      let words = String(decoding: line, as: UTF8.self).split(separator: " ")
      if words.count > 7, words[1] == local, words[2] == remote { return UInt32(words[7]) }
    }
    return nil
  }

  private static func hexadecimal(_ port: Int) -> String {
    let digits = String(port, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
