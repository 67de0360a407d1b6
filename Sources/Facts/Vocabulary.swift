/// The words of all rules, each with a number, looked up by open addressing: a word that no rule knows costs one look, however
/// many rules there are.
final class Vocabulary {
  struct Word: Sendable {
    var hash: UInt64 = 0
    var number: UInt32 = 0
  }

  /// 0 is a word of no rule, and after it come the marks.
  private(set) var end = Phrase.Mark.exclamation.rawValue + 1
  private(set) var slots = [Word](repeating: Word(), count: 1 << 12)

  /// The word's number; it has one from now on.
  func number(_ hash: UInt64) -> UInt32 {
    let slot = slot(of: hash)
    if slots[slot].number != 0 { return slots[slot].number }
    let number = end
    end += 1
    slots[slot] = Word(hash: hash, number: number)
    // A third full at most, so that most looks end at the first slot.
    if Int(end) * 3 > slots.count { grow() }
    return number
  }

  private func slot(of hash: UInt64) -> Int {
    var slot = Automaton.slot(hash, slots.count)
    while slots[slot].number != 0, slots[slot].hash != hash { slot = (slot + 1) & (slots.count - 1) }
    return slot
  }

  private func grow() {
    let known = slots
    slots = [Word](repeating: Word(), count: known.count * 2)
    for word in known where word.number != 0 { slots[slot(of: word.hash)] = word }
  }
}
