import Spool
import Work

/// One bot of a relay: whether it is ours to poll, what was asked last, and what of the answer is not taken yet.
final class Poller {
  let member: RelayBot
  private let notice: (String) -> Void
  /// Held as long as we poll it.
  var lock: File?
  /// The transfer that is under way.
  var poll: Int?
  /// The update to begin with: all before it are confirmed by this. Nil where Telegram knows itself, for it has
  /// answered a poll with it: an ID that was chosen anew, as happens after a week without updates, would be lower.
  var offset: Int64?
  /// What came and is not taken yet, in its order.
  var left: ArraySlice<Updates.Received> = []
  /// Nothing is begun before.
  var due: Deadline?
  var trouble = Trouble()
  var intakeTrouble = Trouble()
  var hasBeenPolled = false
  /// Another process polls it, or its lock cannot be had; said already.
  var isLockedOut = false
  /// Nothing more is done about it.
  var isDone = false
  /// Telegram does not know its token.
  var isUnknown = false

  init(_ member: RelayBot, notice: @escaping (String) -> Void) {
    self.member = member
    self.notice = notice
  }

  var bot: Bot { member.bot }

  /// A line for the person.
  func say(_ words: String) { notice("[telegram] [\(member.name)] \(words.printable)") }

  /// Whether there is something to do about it now.
  var isReady: Bool { !isDone && poll == nil && due?.hasPassed != false }

  /// Seconds for which the server may hold a poll open. None while it is not known whether one gets through: then the
  /// answer says so at once.
  func pollTime(_ longest: Int) -> Int { hasBeenPolled && trouble.kind != .failing ? longest : 0 }

  /// Takes the lock that one process has for each bot of a spool.
  /// - Returns: false where another has it.
  func takeLock(in spool: SpoolDirectory) throws(Failure) -> Bool {
    if lock != nil { return true }
    let file = try spool.directory("heartbeats").openOrCreate("telegram-\(bot.id)")
    guard try file.tryLock() else { return false }
    lock = file
    return true
  }

  struct Parameters: Encodable {
    var offset: Int64?
    var timeout: Int
    var limit = 100
    var kinds = ["message", "callback_query"]
    private enum CodingKeys: String, CodingKey {
      case offset, timeout, limit
      case kinds = "allowed_updates"
    }
  }
}
