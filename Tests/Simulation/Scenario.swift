import Spool

/// A story of several processes on one spool: who does what, what brings it to rest, and what must be true then.
protocol Scenario {
  var lab: Laboratory { get }
  static var name: String { get }
  /// What it is about: a story of which many runs never see one of these has lost its point.
  static var sights: [String] { get }
  init(_ laboratory: Laboratory)
  /// Makes the spool, before anything goes wrong.
  func setUp() throws
  /// What goes wrong in an act.
  func plan() -> Plan
  /// Names the processes of an act; each act works on things of its own.
  func cast(act: Int)
  /// Runs on after the last fault, and says what is not as it must be.
  func finish()
}

extension Scenario {
  func plan() -> Plan { Plan(&lab.machine.dice) }
}

let stories: [any Scenario.Type] = [
  OneByOne.self, PassingOn.self, OneKey.self, Dropping.self, Delivering.self, Calling.self, RunningJobs.self,
  Approving.self,
]

/// A run goes on until there were so many renames, links and removals.
let fewestStateChanges = 20

/// What came of one run.
struct Outcome {
  var scenario = ""
  var violations: [String] = []
  var strikes: [Fault: Int] = [:]
  /// How often each of its sights was seen.
  var seen: [String: Int] = [:]
  var processes = 0
  var stateChanges = 0
  var steps = 0
}

/// One run, wholly determined by its seed.
func simulate(seed: UInt64, only: String? = nil, trace: ((String) -> Void)? = nil) -> Outcome {
  let machine = Machine(seed: seed)
  machine.trace = trace
  let choices = stories.filter { only == nil || $0.name == only }
  let kind = machine.dice.pick(choices)
  let laboratory = Laboratory(machine)
  let scenario = kind.init(laboratory)
  Kernel.standIn = machine
  defer {
    Kernel.standIn = nil
    laboratory.dismantle()
  }
  do { try scenario.setUp() } catch { machine.violate("setting up: \(error)") }
  // What was there before is durable.
  machine.disk.syncAll()
  machine.stateChanges = 0
  // Who is cut at once has changed nothing, and proved nothing: then there is another act.
  for act in 0..<60 where machine.stateChanges < fewestStateChanges {
    laboratory.run(scenario.plan()) { scenario.cast(act: act) }
  }
  scenario.finish()
  return Outcome(
    scenario: kind.name, violations: machine.violations, strikes: machine.strikes,
    seen: laboratory.seen, processes: laboratory.processCount,
    stateChanges: machine.stateChanges, steps: machine.steps)
}
