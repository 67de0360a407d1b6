import Foundation
import Spool
import Testing

@testable import Telegram

/// What the Bot API says of an update, and what we make of it.
@Suite struct InboundTests {
  private func read(_ updates: String) throws -> [Updates.Received] {
    try JSONDecoder().decode(Updates.self, from: Data("[\(updates)]".utf8)).list
  }

  /// A message of Ann's, with these fields more.
  private func message(_ more: String, chat: String = #"{"id": 4711, "type": "private"}"#) throws -> Inbound? {
    let ann = #"{"id": 4711, "is_bot": false, "first_name": "Ann", "last_name": "Lee", "username": "ann"}"#
    let fields = #""message_id": 501, "date": 1800000000, "from": \#(ann), "chat": \#(chat)"#
    return try read(#"{"update_id": 1, "message": {\#(fields)\#(more.isEmpty ? "" : ", " + more)}}"#)[0].inbound
  }

  private func click(_ more: String) throws -> Inbound? {
    let fields = #""id": "17", "from": {"id": 4711, "first_name": "Ann"}, \#(more)"#
    return try read(#"{"update_id": 1, "callback_query": {\#(fields)}}"#)[0].inbound
  }

  @Test func aTextIsToldWithItsSenderAndItsPlace() throws {
    let text = try #require(try message(#""text": "hello""#))
    #expect(text.updateID == 1 && text.kind == .text("hello") && text.messageID == 501 && text.attachment == nil)
    #expect(text.user == 4711 && text.userName == "Ann Lee (@ann)" && text.chat == 4711 && text.topic == nil)
    #expect(text.date == Timestamp(seconds: 1_800_000_000) && text.replyTo == nil)
  }

  @Test func aCaptionIsATextWithAnAttachment() throws {
    let photo = try message(#""photo": [{"file_id": "x"}], "caption": "look""#)
    #expect(photo?.kind == .text("look") && photo?.attachment == "photo")
    #expect(try message(#""voice": {"file_id": "x"}"#)?.kind == .other("voice"))
    // It comes as both, for programs that are older than animations.
    #expect(try message(#""document": {"file_id": "x"}, "animation": {"file_id": "x"}"#)?.kind == .other("animation"))
    #expect(try message("")?.kind == .other("message of another kind"))
  }

  @Test func aReplyNamesWhatItAnswers() throws {
    let reply = try message(#""text": "yes", "reply_to_message": {"message_id": 7, "date": 1, "text": "Tea?"}"#)
    #expect(reply?.replyTo == Inbound.Quoted(messageID: 7, text: "Tea?"))
    let photo = try message(#""text": "yes", "reply_to_message": {"message_id": 7, "photo": [], "caption": "This?"}"#)
    #expect(photo?.replyTo == Inbound.Quoted(messageID: 7, text: "This?"))
    let odd = try message(#""text": "yes", "reply_to_message": 17"#)
    #expect(odd?.kind == .text("yes") && odd?.replyTo == nil)
  }

  @Test func aTopicIsToldOnlyInForums() throws {
    let chat = #"{"id": -100, "type": "supergroup"}"#
    let thread9 = #""text": "tea", "message_thread_id": 9"#
    let opening = #""reply_to_message": {"message_id": 9, "forum_topic_created": {"name": "Tea"}}"#
    let topic = try message(#"\#(thread9), "is_topic_message": true, \#(opening)"#, chat: chat)
    #expect(topic?.topic == 9 && topic?.replyTo == nil && topic?.chat == -100 && topic?.user == 4711)
    let thread = try message(#"\#(thread9), "reply_to_message": {"message_id": 9}"#, chat: chat)
    #expect(thread?.topic == nil && thread?.replyTo == Inbound.Quoted(messageID: 9, text: ""))
  }

  @Test func whatIsNoMessageIsToldByTheWordOfTheAPI() throws {
    let others = [
      (#""edited_message": {"text": "no, two"}"#, "edited message"),
      (#""channel_post": {"text": "x"}"#, "channel post"),
      (#""tea_leaves": 17"#, "tea leaves"),
      (#""message": {"message_id": 1, "date": 1, "chat": {"id": -1}, "text": "x"}"#, "message without a sender"),
    ]
    for (fields, words) in others {
      let other = try read(#"{"update_id": 1, \#(fields)}"#)[0].inbound
      #expect(other?.kind == .other(words) && other?.user == 0)
    }
    #expect(try message(#""new_chat_members": [{"id": 1}]"#)?.kind == .other("new chat members"))
  }

  @Test func aClickIsToldWithTheMessageThatWasClicked() throws {
    // So little is known of one that is old.
    let old = try click(#""data": "yes", "message": {"message_id": 7, "date": 0, "chat": {"id": -100}}"#)
    #expect(old?.kind == .click(callbackID: "17", data: "yes") && old?.messageID == 7)
    #expect(old?.chat == -100 && old?.user == 4711 && old.map { Timestamp.now - $0.date < .seconds(60) } == true)
    #expect(try click(#""data": "yes", "inline_message_id": "1""#)?.kind == .other("click without a message"))
    let game = try click(#""game_short_name": "x", "message": {"message_id": 7, "date": 1, "chat": {"id": 1}}"#)
    #expect(game?.kind == .other("click without data"))
  }

  @Test func aNameCannotForgeALine() throws {
    let fields = #""id": "1", "from": {"id": 1, "first_name": "Eve\n\u001b[2J", "username": "eve"}"#
    let eve = try read(#"{"update_id": 1, "callback_query": {\#(fields)}}"#)[0].inbound
    #expect(eve?.userName == #"Eve\n\u{1b}[2J (@eve)"#)
  }

  @Test func whatCannotBeReadTakesNoOtherWithIt() throws {
    let place = #""message_id": 1, "date": 1, "chat": {"id": 1}"#
    let list = try read(
      [
        #"{"update_id": 1, "message": {"message_id": 1, "date": 1}}"#, #"{"update_id": 2, "message": "hello"}"#,
        #"{"update_id": 3, "message": {\#(place), "from": {"id": 1}, "text": 17}}"#,
        #"{"update_id": 4, "message": {\#(place), "from": {"id": 1}, "text": "\ud83d"}}"#,
        #"{"update_id": 5, "message": {\#(place), "from": {"id": 1e30}, "text": "x"}}"#, "17", "null", "[]",
        #"{"update_id": "9"}"#, #"{"update_id": 10, "message": {\#(place), "from": {"id": 1}, "text": "hello"}}"#,
      ].joined(separator: ", "))
    #expect(list.map(\.id) == [1, 2, 3, 4, 5, nil, nil, nil, nil, 10])
    #expect(list.dropLast().allSatisfy { $0.inbound == nil && !$0.problem.isEmpty })
    #expect(list[0].problem == "message.chat is missing" && list[2].problem == "message.text has another type")
    #expect(list.last?.inbound?.kind == .text("hello"))
  }
}
