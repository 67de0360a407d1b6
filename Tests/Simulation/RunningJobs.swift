import Jobs
import Spool
import Work

/// Cron starts the same job again and again, whether its last run is over or not.
struct RunningJobs: Scenario {
  static let name = "running jobs"
  static let sights = ["the job runs", "the job has a record"]
  let lab: Laboratory
  private let work = Work()

  private final class Work {
    var copies: [Process] = []
  }

  init(_ laboratory: Laboratory) { lab = laboratory }

  func setUp() throws {
    _ = try lab.spool("setup").queue("jobs", making: true)
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
    lab.role("sweep", runs: 3) { _ in try sweep() }
  }

  private func runJob() throws {
    let run = JobRun(
      try Job("backup", in: lab.spool("job")), timeout: .seconds(600), policy: JobPolicy(expectEvery: .seconds(86400)))
    _ = try run.run(.success("/bin/backup"), arguments: ["backup"]) { _, _ in }
  }

  private func sweep() throws {
    if let trouble = try lab.spool("tick").queue("jobs").sweep() { throw trouble }
  }

  func finish() {
    lab.settle(["jobs"]) { _ in
      try sweep()
      try runJob()
    }
    lab.checkInvariants(["jobs"])
    let state = try? JobState.read("backup", in: lab.spool("check"))
    if state?.lastExit == nil { lab.machine.violate("the job's state is lost: \(String(describing: state))") }
    if !lab.names("jobs", "re").isEmpty { lab.see("the job has a record") }
    for (id, found) in lab.places("jobs") where found.first?.room == "done" && lab.bytes("jobs", "re", id) == nil {
      lab.machine.violate("I5: jobs/done/\(id) has no record")
    }
  }
}
