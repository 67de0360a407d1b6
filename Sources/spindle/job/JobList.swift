import CommandLine
import Jobs
import Spool

/// `job --list`: a line for each job.
struct JobList {
  let spool: SpoolDirectory
  var name: String?
  let json: Bool

  private struct Row: Encodable {
    var job, state: String
    var run, started, ended, execution: String?
    var exit: Int32?
    var delivery, deliveryDetail: String?
    var deliveries: [String]
    var failures, refused: Int
    var due, lastSuccess, disabled, command: String?
  }

  func print() throws {
    var jobs = try Job.all(in: spool)
    if let name {
      jobs = jobs.filter { $0.name == name }
      if jobs.isEmpty { throw Failure(.no, name, "there is no such job", do: "job --list shows all") }
    }
    let now = Timestamp.now
    var rows: [Row] = []
    var unreadable: Failure?
    for job in jobs {
      do { if let state = try job.state() { rows.append(try row(job, state, now)) } } catch let failure as Failure {
        // The others are shown all the same.
        complain("job: \(failure)")
        unreadable = failure
      }
    }
    if json {
      for row in rows { output(try JSONLine.encode(row)) }
    } else if rows.isEmpty {
      complain("job: no job is known in \(spool.path)")
    } else {
      output(Table.aligned([Self.titles] + rows.map(Self.cells)))
    }
    if let unreadable { throw Exit(unreadable.status) }
  }

  private func row(_ job: Job, _ state: JobState, _ now: Timestamp) throws -> Row {
    let delivery = try job.delivery(of: state)
    return Row(
      job: job.name, state: try job.standing(of: state, at: now).rawValue, run: state.lastID?.description,
      started: state.lastStart?.rfc3339Seconds, ended: state.lastEnd?.rfc3339Seconds,
      execution: state.lastExecution?.word, exit: state.lastExecution?.exit, delivery: delivery?.word,
      deliveryDetail: delivery?.detail, deliveries: state.lastDeliveries.map(\.description), failures: state.failures,
      refused: state.refused, due: state.due?.rfc3339Seconds, lastSuccess: state.lastSuccess?.rfc3339Seconds,
      disabled: state.disabled.map { "\($0.time.rfc3339Seconds) \($0.why)" }, command: state.command)
  }

  private static let titles = ["JOB", "STATE", "LAST START", "ENDED", "EXIT", "DELIVERY", "DUE BY"]

  private static func cells(_ row: Row) -> [String] {
    let state = row.failures > 1 ? "\(row.state) (\(row.failures) failures)" : row.state
    let delivery = [row.delivery, row.deliveryDetail.map { String($0.prefix(60)) }].compactMap { $0 }
    return [
      row.job, state, row.started ?? "-", row.execution ?? "-", row.exit.map(String.init) ?? "-",
      delivery.isEmpty ? "-" : delivery.joined(separator: ", "), row.due ?? "-",
    ].map(\.printable)
  }
}
