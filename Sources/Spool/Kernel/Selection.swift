/// The first, or the last, of all names that are offered: however many those are, no more than twice the limit are kept.
struct Selection {
  let limit: Int
  let isFromEnd: Bool
  private var names: [[CChar]] = []
  /// What does not come before it is not among them.
  private var bound: [CChar]?

  init(limit: Int, isFromEnd: Bool = false) {
    self.limit = limit
    self.isFromEnd = isFromEnd
  }

  mutating func offer(_ name: UnsafeBufferPointer<CChar>) {
    if limit == 0 { return }
    if let bound, !comes(name, before: bound) { return }
    names.append(Array(name))
    if names.count >= 2 * limit { cut() }
  }

  /// In the order in which they were asked for: the last one first, where it is from the end.
  mutating func take() -> [[CChar]] {
    cut()
    return names
  }

  private mutating func cut() {
    names = Array(names.sorted { comes($0, before: $1) }.prefix(limit))
    if names.count == limit { bound = names.last }
  }

  private func comes(_ name: some Sequence<CChar>, before other: some Sequence<CChar>) -> Bool {
    isFromEnd ? other.lexicographicallyPrecedes(name) : name.lexicographicallyPrecedes(other)
  }
}
