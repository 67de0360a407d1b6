import Calls
import Glibc
import Health
import Roster
import Spool
import Work

extension Overview {
  mutating func lookAtAgents() throws(Failure) {
    for (name, found) in try look.agents() {
      var row: StatusDocument.Agent
      switch found {
      case .failure(let failure): row = StatusDocument.Agent(status: .red, detail: "\(failure.what): \(failure.why)")
      case .success(let agent): row = try self.row(of: agent)
      }
      if let queue = try look.queue("calls-\(name)") {
        for room in [Room.new, .wait] { row.waiting += try look.oldest(of: queue, in: room)?.count ?? 0 }
        row.running = try look.oldest(of: queue, in: .run)?.count ?? 0
        // Without the file of sums nothing was paid for; to make it anew would read every record.
        if try queue.directory.contains("spent") {
          let spending = Spending(queue)
          row.spent = try spending.today()
          var costs = try spending.history()
          costs[LocalTime(now).day] = row.spent
          document.costs[name] = costs.filter { $0.value > 0 }
        }
        if let state = try BreakerState.read(in: queue), state.opened != nil {
          row.breaker = "\(state.kind.rawValue): \(state.why)"
        }
      }
      document.agents[name] = row
    }
    document.costs = document.costs.filter { !$0.value.isEmpty }
    tellLacks()
  }

  /// What several lack is to be mended once.
  private mutating func tellLacks() {
    var whose: [Agent.Lack: [String]] = [:]
    for case (let name, .success(let agent)) in (try? look.agents()) ?? [] {
      for lack in agent.lacks(in: environment) { whose[lack, default: []].append(name) }
    }
    for (lack, names) in whose.sorted(by: { $0.value[0] < $1.value[0] }) {
      let names = names.count > 3 ? "\(names.count) agents" : names.joined(separator: ", ")
      document.signals.append(
        StatusDocument.Trouble(
          rule: "requires", status: lack.isVital ? .red : .amber, what: "\(lack.word): \(names)", advice: lack.advice))
    }
  }

  private func row(of agent: Agent) throws(Failure) -> StatusDocument.Agent {
    var row = StatusDocument.Agent(
      status: .green, detail: try voice(of: agent), description: agent.description, model: agent.model,
      budget: agent.budget)
    let lacks = agent.lacks(in: environment)
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
