import Deliveries
import Jobs
import Spool
import Work

/// Cron starts the same job again and again, whether its last run is over or not. Its output is delivered, and its failures are told.
struct RunningJobs: Scenario {
  static let name = "running jobs"
  static let sights = [
    "the job runs", "the job has a record", "its output is delivered", "a failure is told",
  ]
  static let queues = ["jobs", "deliveries"]
  let lab: Laboratory
  private let work = Work()

  private final class Work {
    var copies: [Process] = []
  }

  init(_ laboratory: Laboratory) { lab = laboratory }

  func setUp() throws {
    let spool = try lab.spool("setup")
    for name in Self.queues { _ = try spool.queue(name, making: true) }
    try spool.directory("people").replace("me", with: Array("Log: me\n".utf8))
    lab.machine.programs["/spool/channels/log"] = { machine, _ in machine.exit(0) }
    lab.machine.programs["/bin/backup"] = { [lab, work] machine, call in
      machine.act {
        work.copies.removeAll { $0.isDead || $0.hasEnded }
        if !work.copies.isEmpty { lab.machine.violate("I3: the job runs twice at once") }
        work.copies.append(call.process)
        lab.see("the job runs")
      }
      machine.sleep(atMost: .seconds(machine.dice.roll(3)), watch: nil)
      machine.exit(machine.dice.once(in: 6) ? 1 : 0, Array("backed up\n".utf8))
    }
  }

  func cast(act: Int) {
    for _ in 0..<3 { lab.role("job", runs: 4) { _ in try runJob() } }
    lab.role("tick", runs: 3) { _ in try tick() }
  }

  private func courier(_ spool: SpoolDirectory) -> Courier {
    Courier(spool: spool, installedChannels: nil, executable: nil)
  }

  private func runJob() throws {
    let spool = try lab.spool("job")
    var run = JobRun(
      try Job("backup", in: spool), timeout: .seconds(600),
      policy: JobPolicy(expectEvery: .seconds(86400), coolDown: .zero, disableAfter: 0))
    run.deliverTo = "me"
    run.courier = courier(spool)
    _ = try run.run(.success("/bin/backup"), arguments: ["backup"]) { _, _ in }
  }

  private func tick() throws {
    let spool = try lab.spool("tick")
    if let trouble = try spool.queue("jobs").sweep() { throw trouble }
    for job in try Job.all(in: spool) { try job.tend(at: .now) }
    _ = try courier(spool).recover(limit: .seconds(50)) { _ in }
  }

  func finish() {
    lab.settle(Self.queues) { _ in
      try runJob()
      try tick()
      try lab.spool("tick").queue("deliveries").sweepKeys()
    }
    lab.checkInvariants(Self.queues)
    let runs = lab.places("jobs")
    for (id, found) in runs where found.first?.room == "done" {
      lab.see("the job has a record")
      if lab.bytes("jobs", "re", id) == nil { lab.machine.violate("I5: jobs/done/\(id) has no record") }
    }
    checkTold(runs.mapValues { $0.first?.room ?? "?" })
  }

  /// One message of a run at most, one alert of a run at most, and only of one that failed; the last failure is told.
  private func checkTold(_ rooms: [String: String]) {
    var (outputs, alerts): ([String], [String]) = ([], [])
    for (id, found) in lab.places("deliveries") {
      for place in found {
        guard let bytes = lab.bytes("deliveries", place.room, place.name), let entry = try? Entry(parsing: bytes) else {
          lab.machine.violate("deliveries/\(place.room)/\(id) cannot be read")
          continue
        }
        if let run = entry.header["Job"] { outputs.append(run) }
        if let key = entry.header["Key"], key.hasPrefix("job-failed-backup-") {
          alerts.append(String(key.dropFirst(18)))
        }
      }
    }
    for (run, times) in Dictionary(outputs.map { ($0, 1) }, uniquingKeysWith: +) {
      if times > 1 { lab.machine.violate("the output of \(run) is \(times) messages") }
      if rooms[run] == nil { lab.machine.violate("the output of \(run), which is no run, is a message") }
      lab.see("its output is delivered")
    }
    for (run, times) in Dictionary(alerts.map { ($0, 1) }, uniquingKeysWith: +) {
      if times > 1 { lab.machine.violate("\(run) is told of \(times) times") }
      if rooms[run] != "fail" { lab.machine.violate("\(run) is told of, and lies in \(rooms[run] ?? "no room")/") }
    }
    guard let spool = try? lab.spool("check"), let state = try? JobState.read("backup", in: spool) else {
      return lab.machine.violate("the job's state is lost")
    }
    if !alerts.isEmpty { lab.see("a failure is told") }
    if state.lastEnd == nil || state.tell != nil { lab.machine.violate("something is still to be told: \(state)") }
    let isTold = state.lastID.map { alerts.contains($0.description) } ?? false
    if state.lastExecution?.isFailure == true && !isTold {
      lab.machine.violate("the last failure is not told: \(state)")
    }
  }
}
