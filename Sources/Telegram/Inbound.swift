import Spool

/// One update of a bot, as our code sees it.
public struct Inbound: Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    /// A button under one of the bot's messages.
    case click(callbackID: String, data: String)
    /// What somebody wrote, or the caption of what he sent.
    case text(String)
    /// Something else, in the API's word for it: `photo`, `edited message`, `new chat members`.
    case other(String)
  }

  /// The message that was answered with this one.
  public struct Quoted: Sendable, Equatable {
    public var messageID: Int
    public var text: String
  }

  /// Counts upwards for each bot. One that was taken may come again after a crash, with the same number.
  public var updateID: Int64
  public var kind: Kind
  /// What the text is the caption of: `photo`, `document`, `voice`.
  public var attachment: String?
  /// Who wrote or clicked; 0 where nobody is named, which only `.other` may be.
  public var user: Int64 = 0
  /// For words only, and what he likes to be called: `Ann Lee (@ann)`.
  public var userName = ""
  /// 0 where there is none, which only `.other` may be.
  public var chat: Int64 = 0
  /// In a forum.
  public var topic: Int?
  /// The message that was clicked or written.
  public var messageID = 0
  public var replyTo: Quoted?
  /// Somebody else has written it.
  public var isForwarded = false
  /// When it was written, by Telegram's clock; of a click, for which Telegram tells no time, when it came here.
  public var date: Timestamp

  init(_ updateID: Int64, _ kind: Kind) {
    self.updateID = updateID
    self.kind = kind
    date = .now
  }
}
