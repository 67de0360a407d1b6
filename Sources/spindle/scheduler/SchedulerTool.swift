import ArgumentParser
import CommandLine
import Glibc
import Schedule
import Spool
import Work

/// `scheduler`: the resident cron, and what it would do.
struct SchedulerTool: Tool {
  static let configuration = configured()

  @OptionGroup var spool: SpoolOptions
  @Option(help: "Print the next N times of each entry, in its zone, and exit.") var next: Int?
  @Option(help: ArgumentHelp("Say what is wrong with FILE, and exit.", valueName: "file")) var test: String?
  @Flag(help: .hidden) var errand = false
  @Argument(help: ArgumentHelp("The crontab.", discussion: "Default: $SPOOL_DIR/crontab.")) var file: String?

  func validate() throws {
    if let next, !(1...1000).contains(next) { throw ValidationError("--next: 1 to 1000") }
    if test != nil && file != nil { throw ValidationError("--test FILE names the crontab: give no other") }
  }

  func run() throws {
    if !Zone.inheritedIsKnown {
      throw Failure(
        .configuration, "TZ", "there is no such time zone below \(Zone.directory)",
        do: "set it right, or install tzdata")
    }
    if errand { return try runErrand() }
    if test != nil || next != nil { return try foretell(test ?? file ?? spool.path() + "/crontab") }
    let opened = try spool.open(as: "scheduler")
    let scheduler = try Scheduler(
      opened, crontab: absolute(file ?? opened.path + "/crontab"), runner: runner(opened), environment: environment()
    ) { complain("scheduler: \($0.printable)") }
    do { _ = try scheduler.run() } catch let faults as Faults { try refuse(faults) }
  }

  // MARK: What it would do

  private func foretell(_ path: String) throws {
    let crontab = Crontab(try Crontab.file(path))
    if !crontab.faults.isEmpty { try refuse(Faults(path: path, faults: crontab.faults)) }
    guard let next else { return }
    let now = Timestamp.now
    for entry in crontab.entries {
      for time in entry.next(next, after: now) {
        output(spool.verbose ? "\(time)\t\(entry.line): \(entry.command.text)" : time)
      }
    }
  }

  private func refuse(_ faults: Faults) throws -> Never {
    for line in faults.lines { complain(line) }
    throw Exit(.configuration)
  }

  // MARK: Commands

  /// As cron sets it: nothing of ours but who and where we are.
  private func environment() throws -> [String: String] {
    let (own, account) = (inheritedEnvironment(), Account.own())
    guard let home = own["HOME"] ?? account?.home, let name = own["LOGNAME"] ?? account?.name ?? own["USER"] else {
      throw Failure(.configuration, "HOME and LOGNAME", "are not set", do: "set both")
    }
    // Cron's own, behind where we are: else the first thing that a line says, `job`, would not be found.
    let tools = try Installation.executable().split(separator: "/").dropLast().map { "/" + $0 }.joined()
    return ["SHELL": "/bin/sh", "PATH": "\(tools):/usr/bin:/bin", "HOME": home, "LOGNAME": name]
  }

  private func runner(_ opened: SpoolDirectory) throws -> Command {
    var environment = inheritedEnvironment()
    environment["SPOOL_DIR"] = opened.path
    return Command(path: try Installation.executable(), arguments: ["scheduler", "--errand"], environment: environment)
  }

  private func runErrand() throws {
    let errand = try Errand.read()
    try errand.run(in: spool.open(as: "scheduler"), lock: Errand.lock()) { complain(bytes: $0) }
  }

  private func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(Directory.currentPath)/\(path)" }
}
