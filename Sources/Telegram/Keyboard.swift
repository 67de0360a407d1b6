import Spool

/// The buttons below a question. What a button sends back is its verdict and the whole ID of its request, so that a click, on
/// however old a message, can settle no other one.
struct Keyboard: Encodable {
  struct Button: Encodable {
    var text: String
    var data: String
    private enum CodingKeys: String, CodingKey {
      case text
      case data = "callback_data"
    }
  }

  var rows: [[Button]]
  private enum CodingKeys: String, CodingKey { case rows = "inline_keyboard" }

  /// Bytes that Telegram keeps for a button.
  static let dataLimit = 64

  /// - Returns: nil where the ID is too long: then there are no buttons, and a reply in words does.
  init?(asking question: EntryID) {
    let (yes, no) = ("yes:\(question)", "no:\(question)")
    guard yes.utf8.count <= Self.dataLimit else { return nil }
    rows = [[Button(text: "Yes", data: yes), Button(text: "No", data: no)]]
  }

  /// What a click says.
  /// - Returns: nil where it was no button of ours.
  static func clicked(_ data: String) -> (verdict: String, question: EntryID)? {
    let words = data.split(separator: ":", maxSplits: 1).map(String.init)
    guard words.count == 2, ["yes", "no"].contains(words[0]), let question = try? EntryID(words[1]) else { return nil }
    return (words[0], question)
  }
}
