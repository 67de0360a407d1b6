import Roster
import Spool

/// Who may answer a request.
struct Authority {
  /// By the names of `people/`; empty: whoever the request is for, and the spool's owner.
  let names: [String]
  private let people: [Person]

  init(for request: ApprovalRequest, in spool: SpoolDirectory) throws(Failure) {
    let own = request.approvers
    names = own.isEmpty ? try Settings(spool).approvers : own
    people = try Person.all(in: spool)
  }

  enum Judgement {
    /// As the verdict names him.
    case may(String)
    /// In words for him.
    case mayNot(String)
  }

  func judge(_ sender: Reply.Sender, _ request: ApprovalRequest) -> Judgement {
    let found = people.filter { isHim($0, sender) }
    if case .stranger(let words) = sender {
      return .mayNot("\(words) has no drop directory here: a file of somebody else's, moved in, speaks for nobody")
    }
    if names.isEmpty {
      // The owner of the spool may do anything here; the others have to be asked, or known.
      if case .owner = sender { return .may(called(sender, found)) }
      if request.addresses.contains(where: { isAddress($0, of: sender) }) { return .may(called(sender, found)) }
      return .mayNot(
        "\(called(sender, found)) was not asked: others who may answer are named by --approvers or Approvers:")
    }
    let allowed = found.filter { names.contains($0.name) }
    if allowed.isEmpty {
      return .mayNot("\(called(sender, found)) may not answer it: only \(names.joined(separator: ", ")) may")
    }
    return .may(called(sender, allowed))
  }

  private func isHim(_ person: Person, _ sender: Reply.Sender) -> Bool {
    // people/me is the spool's owner, where its file does not say otherwise.
    if case .owner(let number) = sender { return person.uid.map { $0 == number } ?? (person.name == "me") }
    return person.addresses.contains { isAddress($0, of: sender) }
  }

  private func isAddress(_ address: Address, of sender: Reply.Sender) -> Bool {
    switch sender {
    case .telegram(let number): address.channel == "telegram" && address.value == String(number)
    case .email(let text): address.channel == "email" && address.value.lowercased() == text.lowercased()
    case .owner, .stranger: false
    }
  }

  private func called(_ sender: Reply.Sender, _ people: [Person]) -> String {
    let name = people.first.map { " (\($0.name))" } ?? ""
    return switch sender {
    case .owner(let number): "uid \(number)\(name)"
    case .telegram(let number): "telegram \(number)\(name)"
    case .email(let address): "email \(address)\(name)"
    case .stranger(let words): words
    }
  }
}
