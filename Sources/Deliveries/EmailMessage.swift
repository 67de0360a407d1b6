import FoundationEssentials
import Spool

/// A delivery as a mail (RFC 5322, MIME): the same bytes on every attempt, under a Message-ID made of the delivery's ID, so that
/// mail readers which know repeats by it show one.
public struct EmailMessage {
  private let message: ChannelMessage
  /// Lines end with LF: the mail system writes them as mail has them.
  private let text: [UInt8]
  /// Whom it is from, as the reader sees it: an address, or `Name <address>`.
  private let from: String
  /// Where answers to a question go; its ID is added behind a plus.
  private let answersTo: String?

  /// - Parameters:
  ///   - from: nil: this user on this host.
  ///   - answersTo: where answers to a question go; nil: to whom it is from.
  public init(_ message: ChannelMessage, from: String?, answersTo: String? = nil, environment: [String: String]) {
    self.message = message
    self.answersTo = answersTo
    text = Self.withoutReturns(message.text)
    self.from = from ?? "\(environment["LOGNAME"] ?? environment["USER"] ?? "spindle")@\(SpoolDirectory.hostName)"
  }

  /// Of whom it is from, the address alone.
  public var sender: String {
    guard let start = from.lastIndex(of: "<"), let end = from[start...].firstIndex(of: ">") else { return from }
    return String(from[from.index(after: start)..<end])
  }

  public var messageID: String { "<\(message.id)@\(sender.split(separator: "@").last ?? "spindle")>" }

  private static func withoutReturns(_ text: [UInt8]) -> [UInt8] {
    guard text.contains(13) else { return text }
    return text.indices.filter { text[$0] != 13 || $0 + 1 == text.count || text[$0 + 1] != 10 }.map { text[$0] }
  }

  public var bytes: [UInt8] {
    let isPlain = text.allSatisfy { $0 < 128 && $0 != 13 && $0 != 0 } && longestLine <= 998
    let header = """
      From: \(from)
      To: \(message.to)
      Subject: \(Self.encoded(message.subject ?? firstLine))
      Date: \(Self.date(message.id.time))
      Message-ID: \(messageID)
      MIME-Version: 1.0
      Content-Type: text/\(message.format == "html" ? "html" : "plain"); charset=utf-8
      Content-Transfer-Encoding: \(isPlain ? "7bit" : "quoted-printable")
      Auto-Submitted: auto-generated

      """
    return Array((header + threading + "\n").utf8) + (isPlain ? text : Self.quotedPrintable(text))
  }

  /// How it hangs together with others: where its answer goes, and what it answers itself.
  private var threading: String {
    var lines = ""
    if let question = message.question, let words = answersTo?.split(separator: "@"), words.count == 2 {
      lines += "Reply-To: \(words[0])+\(question)@\(words[1])\n"
    }
    if let answers = message.answers, answers.hasPrefix("<"), answers.hasSuffix(">"), answers.utf8.count < 900 {
      lines += "In-Reply-To: \(answers)\nReferences: \(answers)\n"
    }
    return lines
  }

  private var firstLine: String {
    let line = text.prefix { $0 != 10 }
    return String(String(decoding: line, as: UTF8.self).prefix(70)).printable
  }

  private var longestLine: Int { text.split(separator: 10).map(\.count).max() ?? 0 }

  /// RFC 2047: what is not ASCII in words of at most 75 characters, cut between characters.
  static func encoded(_ text: String) -> String {
    if text.utf8.allSatisfy({ (32...126).contains($0) }) && text.utf8.count < 900 && !text.contains("=?") {
      return text
    }
    var words: [String] = []
    var piece: [UInt8] = []
    for scalar in text.unicodeScalars {
      // 45 bytes are 60 characters of base64, and =?utf-8?B??= has 12 more; the first stands behind "Subject: ".
      if piece.count + scalar.utf8.count > (words.isEmpty ? 39 : 45) {
        words.append(Data(piece).base64EncodedString())
        piece = []
      }
      piece += Array(String(scalar).utf8)
    }
    words.append(Data(piece).base64EncodedString())
    return words.map { "=?utf-8?B?\($0)?=" }.joined(separator: "\n ")
  }

  /// `Wed, 25 Nov 2026 21:00:00 +0000`
  static func date(_ time: Timestamp) -> String {
    let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    // 2026-11-25T21:00:00Z; 1 January 1970 was a Thursday.
    let text = time.rfc3339Seconds
    let parts = text.split { "-T".contains($0) }
    let day = Int(time.nanoseconds / 86_400_000_000_000) % 7
    return "\(days[day]), \(parts[2]) \(months[Int(parts[1])! - 1]) \(parts[0]) \(parts[3].dropLast()) +0000"
  }

  /// RFC 2045, 6.7: lines of at most 76 characters; blanks at a line's end and a lone dot are kept from harm.
  static func quotedPrintable(_ bytes: [UInt8]) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    var width = 0
    for (place, byte) in bytes.enumerated() {
      if byte == 10 {
        result.append(10)
        width = 0
        continue
      }
      let isLast = place + 1 == bytes.count || bytes[place + 1] == 10
      let isSafe = (33...126).contains(byte) && byte != 61 || (byte == 32 || byte == 9) && !isLast
      let piece = isSafe && !(byte == 46 && width == 0) ? [byte] : [61, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      if width + piece.count > 75 {
        result += [61, 10]
        width = 0
      }
      result += piece
      width += piece.count
    }
    return result
  }
}
