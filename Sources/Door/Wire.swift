import FoundationEssentials
import Spool

/// A request as a client sends it: `{"type":"req","id":…,"method":…,"params":{…}}`. What is not known here is passed over.
struct Request: Decodable {
  var type: String
  var id: String
  var method: String
  var params: Params?

  /// Of all methods.
  struct Params: Decodable {
    struct Auth: Decodable { var token: String? }
    var auth: Auth?
    var agent: String?
    var prompt: String?
    var key: String?
    var id: String?
    var timeout: String?
    var attempts: Int?
    var expect: String?
    var schema: String?
    var memory: String?
    var memoryTokens: Int?
    var subject: String?
  }

  static let longestID = 128

  /// - Throws: `Problem`, which says where in the message something else was expected.
  init(_ message: [UInt8]) throws {
    do { self = try JSONDecoder().decode(Request.self, from: Data(message)) } catch let error as DecodingError {
      let isJSON = (try? JSONDecoder().decode(AnyJSON.self, from: Data(message))) != nil
      throw Problem(.invalidRequest, isJSON ? Self.words(error) : "the message is no JSON")
    }
    guard type == "req" else { throw Problem(.invalidRequest, "type: expected \"req\"") }
    guard (1...Self.longestID).contains(id.utf8.count) else {
      throw Problem(.invalidRequest, "id: expected 1 to \(Self.longestID) bytes")
    }
  }

  /// The ID of what is otherwise no request, so that its sender knows what is meant.
  static func id(of message: [UInt8]) -> String? {
    struct Named: Decodable { var id: String }
    return (try? JSONDecoder().decode(Named.self, from: Data(message))).flatMap {
      $0.id.utf8.count <= longestID ? $0.id : nil
    }
  }

  private static func words(_ error: DecodingError) -> String {
    func place(_ context: DecodingError.Context, _ key: (any CodingKey)? = nil) -> String {
      let path = (context.codingPath + (key.map { [$0] } ?? [])).map(\.stringValue)
      return path.isEmpty ? "the message" : path.joined(separator: ".")
    }
    switch error {
    case .keyNotFound(let key, let context): return "\(place(context, key)): is missing"
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      let expected =
        switch type {
        case is String.Type: "a string"
        case is Int.Type: "a whole number"
        default: "an object"
        }
      return "\(place(context)): expected \(expected)"
    // Where it stands is not always told.
    case .dataCorrupted(let context): return "\(place(context)): a number is not whole, or too large"
    @unknown default: return "the message is not understood"
    }
  }
}

/// Any JSON at all; only whether it is some.
struct AnyJSON: Decodable {
  init(from decoder: any Decoder) {}
}

/// `{"type":"res","id":…,"ok":true,"payload":{…}}`
struct Response<Payload: Encodable>: Encodable {
  var type = "res"
  var id: String
  var ok = true
  var payload: Payload
}

/// `{"type":"res","id":…,"ok":false,"error":{…}}`; `id` is null where the message had none.
struct Denial: Encodable {
  var id: String?
  var error: Problem

  private enum CodingKeys: CodingKey { case type, id, ok, error }

  func encode(to encoder: any Encoder) throws {
    var members = encoder.container(keyedBy: CodingKeys.self)
    try members.encode("res", forKey: .type)
    try members.encode(id, forKey: .id)
    try members.encode(false, forKey: .ok)
    try members.encode(error, forKey: .error)
  }
}

/// `{"type":"event","event":…,"payload":{…}}`
struct Event<Payload: Encodable>: Encodable {
  var type = "event"
  var event: String
  var payload: Payload
}
