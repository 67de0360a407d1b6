/// Whose call is next: the slots are shared over agents, not over calls, so that who has ten thousand waiting delays nobody else's
/// single one by more than one slot.
enum Fairness {
  /// - Parameter free: slots that are free, at least one.
  static func next(of lines: [AgentLine], free: Int, of slots: Int) -> AgentLine? {
    lines.filter { $0.mayBegin && ($0.running == 0 || free > kept(of: slots)) }.min {
      ($0.running, $0.served) < ($1.running, $1.served)
    }
  }

  /// So many slots are kept for agents that have none: a model that hangs in all the others cannot shut them out. With one slot
  /// there is none to keep.
  static func kept(of slots: Int) -> Int { slots == 1 ? 0 : max(1, slots / 4) }
}
