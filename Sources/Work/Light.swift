/// How something stands, as a traffic light has it: red is what does not happen though it should, amber what a person should look at
/// when he can, green all else.
public enum Light: String, Codable, Sendable, CaseIterable, Comparable {
  case green, amber, red

  public static func < (one: Light, other: Light) -> Bool { one.rank < other.rank }

  private var rank: Int {
    switch self {
    case .green: 0
    case .amber: 1
    case .red: 2
    }
  }
}
