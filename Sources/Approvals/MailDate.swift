import Spool

extension MailReply {
  /// Headers of which a mail has one at most (RFC 5322, 3.6; RFC 2045, 3). A second one was not there when the mail was signed, and
  /// nobody can say which of them is read.
  static let single = [
    "From", "To", "Cc", "Date", "Subject", "Message-ID", "In-Reply-To", "References", "Content-Type",
    "Content-Transfer-Encoding",
  ]

  private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

  /// `Thu, 26 Nov 2026 01:52:37 +0100 (CET)`; nil where it is none.
  static func date(_ text: String) -> Timestamp? {
    var words = text.split(whereSeparator: \.isWhitespace).map(String.init)
    if words.first?.hasSuffix(",") == true { words.removeFirst() }
    guard words.count >= 5, let day = Int(words[0]), (1...31).contains(day),
      let month = months.firstIndex(of: words[1].lowercased()), words[2].count == 4, Int(words[2]) != nil
    else { return nil }
    let time = words[3].split(separator: ":").count == 2 ? words[3] + ":00" : words[3]
    func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let zone = words[4].uppercased()
    let offset =
      ["GMT", "UT", "UTC", "Z"].contains(zone) ? "Z" : zone.count == 5 ? "\(zone.prefix(3)):\(zone.suffix(2))" : "?"
    return Timestamp(rfc3339: "\(words[2])-\(padded(month + 1))-\(padded(day))T\(time)\(offset)")
  }
}
