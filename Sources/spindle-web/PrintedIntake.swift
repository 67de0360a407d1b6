import FoundationEssentials
import Glibc
import Spool
import Telegram

/// In the place of what will make updates durable: each is one line of JSON on stdout.
struct PrintedIntake {
  /// While a file lies there nothing can be taken.
  var obstacle: String?

  func take(_ update: Inbound, _ member: RelayBot) throws(Failure) -> String? {
    try check()
    var line = [
      "bot": member.name, "update": "\(update.updateID)", "user": "\(update.user)", "name": update.userName,
      "chat": "\(update.chat)", "message": "\(update.messageID)", "date": update.date.rfc3339Seconds,
    ]
    line["topic"] = update.topic.map { "\($0)" }
    line["attachment"] = update.attachment
    line["reply"] = update.replyTo.map { "\($0.messageID) \($0.text)" }
    var shown: String?
    switch update.kind {
    case .click(_, let data):
      line["click"] = data
      shown = data == "silent" ? nil : "Taken: \(data)"
    case .text(let text): line["text"] = text
    case .other(let word): line["other"] = word
    }
    say(line)
    return shown
  }

  func tend() throws(Failure) {
    try check()
    say(["tend": ""])
  }

  private func check() throws(Failure) {
    guard let obstacle, Kernel.mayAccess(obstacle, 0) else { return }
    throw Failure(.tryAgain, obstacle, "is in the way", do: "remove it")
  }

  private func say(_ line: [String: String]) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: (try? encoder.encode(line)) ?? Data(), as: UTF8.self))
    fflush(nil)
  }
}
