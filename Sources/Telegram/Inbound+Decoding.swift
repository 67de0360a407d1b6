import Spool

/// What `getUpdates` answers, read one by one: an update of a form that nobody knows yet takes no other with it.
struct Updates: Decodable {
  var list: [Received] = []

  init(from decoder: any Decoder) throws {
    var elements = try decoder.unkeyedContainer()
    while !elements.isAtEnd { list.append(try elements.decode(Received.self)) }
  }

  struct Received: Decodable {
    /// Nil: it has none, and cannot be confirmed.
    var id: Int64?
    /// Nil: it cannot be read.
    var inbound: Inbound?
    /// Why it cannot.
    var problem = ""

    init(from decoder: any Decoder) {
      do {
        let update = try decoder.container(keyedBy: Name.self)
        let id = try update.decode(Int64.self, forKey: "update_id")
        self.id = id
        inbound = try Inbound(id, update)
      } catch {
        problem = Self.words(for: error)
      }
    }

    private static func words(for error: any Error) -> String {
      let (path, why): ([any CodingKey], String) =
        switch error as? DecodingError {
        case .keyNotFound(let key, let context): (context.codingPath + [key], "is missing")
        case .typeMismatch(_, let context), .valueNotFound(_, let context): (context.codingPath, "has another type")
        case .dataCorrupted(let context): (context.codingPath, "is spoilt")
        default: ([], "\(error)")
        }
      // Its place among its like is no help.
      return (path.filter { $0.intValue == nil }.map(\.stringValue).joined(separator: ".") + " " + why).printable
    }
  }
}

/// A field's name, whatever it is.
private struct Name: CodingKey, ExpressibleByStringLiteral {
  var stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }
  init(stringLiteral: String) { stringValue = stringLiteral }
  init?(intValue: Int) { nil }

  var spoken: String { stringValue.replacing("_", with: " ").printable }
}

extension Inbound {
  fileprivate typealias Fields = KeyedDecodingContainer<Name>

  /// What a message may have in the place of a text. What comes with another (an animation with a document, a venue
  /// with a location) stands before it.
  private static let contents: [Name] = [
    "animation", "photo", "document", "voice", "audio", "video", "video_note", "sticker", "paid_media", "story",
    "venue", "location", "contact", "poll", "dice", "game", "checklist", "new_chat_members", "left_chat_member",
    "pinned_message", "new_chat_title", "forum_topic_created", "migrate_to_chat_id", "migrate_from_chat_id",
  ]

  fileprivate init(_ id: Int64, _ update: Fields) throws {
    if update.contains("message") {
      self.init(id, .other("message of another kind"))
      try read(message: update.nestedContainer(keyedBy: Name.self, forKey: "message"))
    } else if update.contains("callback_query") {
      self.init(id, .other("click"))
      try read(click: update.nestedContainer(keyedBy: Name.self, forKey: "callback_query"))
    } else {
      let names = update.allKeys.filter { $0.stringValue != "update_id" }
      self.init(id, .other(names.first?.spoken ?? "nothing"))
    }
  }

  private mutating func read(message: Fields) throws {
    try read(placeOf: message)
    date = Timestamp(seconds: try message.decode(Int64.self, forKey: "date"))
    guard message.contains("from") else {
      kind = .other("message without a sender")
      return
    }
    let sender = try message.nestedContainer(keyedBy: Name.self, forKey: "from")
    try read(sender: sender)
    // Also whoever writes as a group or a channel. Two bots would answer each other for ever.
    guard (try? sender.decode(Bool.self, forKey: "is_bot")) != true, !message.contains("sender_chat") else {
      kind = .other("message of a bot")
      return
    }
    isForwarded = message.contains("forward_origin")
    let content = Self.contents.first { message.contains($0) }
    if let text = try message.decodeIfPresent(String.self, forKey: "text"), !text.isEmpty {
      kind = .text(text)
    } else if let caption = try message.decodeIfPresent(String.self, forKey: "caption"), !caption.isEmpty {
      kind = .text(caption)
      attachment = content?.spoken ?? "attachment"
    } else if let content {
      kind = .other(content.spoken)
    }
    // In a forum each message answers the one that has opened its topic.
    if let quoted = try? message.nestedContainer(keyedBy: Name.self, forKey: "reply_to_message"),
      let quotedID = try? quoted.decode(Int.self, forKey: "message_id"), quotedID != topic
    {
      let texts = (["text", "caption"] as [Name]).compactMap { try? quoted.decode(String.self, forKey: $0) }
      replyTo = Quoted(messageID: quotedID, text: texts.first ?? "")
    }
  }

  private mutating func read(click: Fields) throws {
    try read(sender: click.nestedContainer(keyedBy: Name.self, forKey: "from"))
    guard click.contains("message") else {
      kind = .other("click without a message")
      return
    }
    // Of one that is older than two days only the place is told.
    try read(placeOf: click.nestedContainer(keyedBy: Name.self, forKey: "message"))
    guard let data = try click.decodeIfPresent(String.self, forKey: "data") else {
      kind = .other("click without data")
      return
    }
    kind = .click(callbackID: try click.decode(String.self, forKey: "id"), data: data)
  }

  private mutating func read(placeOf message: Fields) throws {
    messageID = try message.decode(Int.self, forKey: "message_id")
    let place = try message.nestedContainer(keyedBy: Name.self, forKey: "chat")
    chat = try place.decode(Int64.self, forKey: "id")
    // Outside of forums a thread is a chain of replies, to which nothing can be sent.
    if (try? message.decode(Bool.self, forKey: "is_topic_message")) == true {
      topic = try message.decode(Int.self, forKey: "message_thread_id")
    }
  }

  private mutating func read(sender: Fields) throws {
    user = try sender.decode(Int64.self, forKey: "id")
    let names = (["first_name", "last_name"] as [Name]).compactMap { try? sender.decode(String.self, forKey: $0) }
    let name = names.joined(separator: " ").printable
    userName = (try? sender.decode(String.self, forKey: "username")).map { "\(name) (@\($0.printable))" } ?? name
  }
}
