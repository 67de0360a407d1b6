import Calls
import Glibc
import Health
import Roster
import Spool
import Work

extension Overview {
  mutating func lookAtAgents() throws(Failure) {
    var lacks: [Agent.Lack: [String]] = [:]
    for (name, found) in try look.agents() {
      var row: StatusDocument.Agent
      do throws(Failure) {
        switch found {
        case .failure(let failure): throw failure
        case .success(let agent):
          let lacking = try self.lacks(of: agent)
          for lack in lacking { lacks[lack, default: []].append(name) }
          row = try self.row(of: agent, lacking)
        }
        try addCalls(of: name, to: &row)
      } catch {
        if error.isFailedFlush { throw error }
        row = StatusDocument.Agent(status: .red, detail: "\(error.what): \(error.why)")
      }
      document.agents[name] = row
    }
    tell(lacks)
  }

  private mutating func addCalls(of name: String, to row: inout StatusDocument.Agent) throws(Failure) {
    guard let queue = try look.queue("calls-\(name)") else { return }
    for room in [Room.new, .wait] { row.waiting += try look.oldest(of: queue, in: room)?.count ?? 0 }
    row.running = try look.oldest(of: queue, in: .run)?.count ?? 0
    let spending = Spending(queue)
    row.spent = try spending.glance()
    var costs = try spending.history()
    if let spent = row.spent { costs[document.day] = spent }
    costs = costs.filter { $0.value > 0 }
    if !costs.isEmpty { document.costs[name] = costs }
    if let state = try BreakerState.read(in: queue), state.opened != nil {
      row.breaker = "\(state.kind.rawValue): \(state.why)"
    }
  }

  /// A program that is missing is vital to who was called before; an agent that nobody has called yet is merely not set up.
  private func lacks(of agent: Agent) throws(Failure) -> [Agent.Lack] {
    var lacks = agent.lacks(in: environment)
    if try look.queue("calls-\(agent.name)") == nil {
      for place in lacks.indices where lacks[place].isProgram { lacks[place].isVital = false }
    }
    return lacks
  }

  /// What several lack is to be mended once.
  private mutating func tell(_ lacks: [Agent.Lack: [String]]) {
    for (lack, names) in lacks.sorted(by: { $0.value[0] < $1.value[0] }) {
      let names = names.count > 3 ? "\(names.count) agents" : names.joined(separator: ", ")
      document.signals.append(
        StatusDocument.Trouble(
          rule: "requires", status: lack.isVital ? .red : .amber, what: "\(lack.word): \(names)", advice: lack.advice))
    }
  }

  private func row(of agent: Agent, _ lacks: [Agent.Lack]) throws(Failure) -> StatusDocument.Agent {
    var row = StatusDocument.Agent(
      status: .green, detail: try voice(of: agent), description: agent.description, model: agent.model,
      budget: agent.budget)
    if !lacks.isEmpty {
      row.status = lacks.contains(where: \.isVital) ? .red : .amber
      row.detail = lacks.sorted { $0.isVital && !$1.isVital }.map(\.word).joined(separator: ", ")
    }
    if let (light, why) = standing(.agent(agent.name), .vital(agent.name)), light > row.status {
      (row.status, row.detail) = (light, why)
    }
    return row
  }

  /// By which bot it speaks; none is as good.
  private func voice(of agent: Agent) throws(Failure) -> String {
    if agent.telegramTokenFile != nil { return "own bot" }
    guard agent.name == "main" else { return "headless" }
    if environment["TELEGRAM_TOKEN_FILE"]?.isEmpty == false { return "default bot" }
    let secrets = try spool.directory("secrets")
    return try secrets.contains("telegram.token") ? "default bot" : "headless"
  }

  /// Where the gateway listens.
  func gateway() throws(Failure) -> String? {
    guard try GatewayPresence(spool).isResident else { return nil }
    guard let port = try GatewayPresence(spool).port else { return "resident" }
    return "localhost:\(port)"
  }
}
