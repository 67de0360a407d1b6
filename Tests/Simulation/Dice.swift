/// The one source of chance in a run: the same seed gives the same run. SplitMix64 (Steele, Lea, Flood, 2014).
struct Dice: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// 0 to `bound` - 1.
  mutating func roll(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
  /// True once in so many times.
  mutating func once(in times: Int) -> Bool { roll(times) == 0 }
  mutating func pick<Element>(_ choices: [Element]) -> Element { choices[roll(choices.count)] }
}
