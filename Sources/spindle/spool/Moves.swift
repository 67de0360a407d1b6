import ArgumentParser
import CommandLine
import Glibc
import Runs
import Spool
import Work

/// The verbs that move entries, one or many.
protocol MoveVerb: ParsableCommand {
  static var request: Request { get }
  var options: MoveOptions { get }
}

struct MoveOptions: ParsableArguments {
  @OptionGroup var spool: SpoolOptions
  @Flag(name: .customShort("n"), help: "Print the moves as mv lines, and do nothing.") var dryRun = false
  @Argument(help: "Entries; where none is given, they are read from standard input.") var ids: [String] = []
}

extension MoveVerb {
  func run() throws {
    let opened = try options.spool.open(as: "spool")
    let references = options.ids.isEmpty ? try Input.words() : options.ids
    guard !references.isEmpty else { throw Failure(.usage, Self.request.rawValue, "no entry was named") }
    var worst: Failure?
    for reference in references {
      do { try move(reference, in: opened) } catch let failure as Failure {
        complain("spool: \(failure)")
        worst = worst ?? failure
      }
    }
    if let worst { throw Exit(worst.status) }
  }

  /// A run is more than its entry.
  /// - Returns: whether that was all.
  private func moveRun(_ found: Found) throws -> Bool {
    let keeper = try RunKeeper(found.queue.spool, forwarding: false)
    switch Self.request {
    case .hold: return false
    case .release, .retry:
      try keeper.reopen(found.place)
      return false
    case .cancel:
      let id = found.place.name.id
      switch try keeper.cancel(found.place, by: "user \(getuid())") {
      case .mine:
        Signals.catchThem()
        if case .claimed(let claim) = try keeper.queue.claim(id) { _ = try keeper.goOn(claim) }
        if let place = try keeper.queue.locate(id), place.room == .hold {
          throw Failure(
            .no, id.description, keeper.queue.lastReason(id) ?? "could not be undone", do: "spool show \(id.short)")
        }
      case .ending(let pid): kill(pid, SIGTERM)
      case .underWay, .givenUp: break
      }
      if !options.spool.quiet { output(id.description) }
      return true
    }
  }

  private func move(_ reference: String, in opened: SpoolDirectory) throws {
    let found = try opened.find(reference)
    // A job that was handed on lies in done/ of one queue and is meant where it can be moved.
    let request = Self.request
    let movable = found.filter { (try? $0.queue.plan(request, for: $0.place)) != nil }
    guard let one = movable.first ?? found.first else { return }
    if options.dryRun {
      let (room, name) = try one.queue.plan(request, for: one.place)
      let base = "\(opened.path)/\(one.queue.name)"
      output(
        "mv -n \("\(base)/\(one.place.room.rawValue)/\(one.place.fileName)".shellQuoted) \("\(base)/\(room.rawValue)/\(name)".shellQuoted)"
      )
      return
    }
    if one.queue.name == RunRequest.queueName, try moveRun(one) { return }
    try one.queue.carryOut(request, for: one.place, by: "user \(getuid())")
    if !options.spool.quiet { output(one.place.name.id.description) }
  }
}

extension SpoolTool {
  struct Hold: MoveVerb {
    static let configuration = CommandConfiguration(
      commandName: "hold", abstract: "Park entries in hold/ until you release them.",
      discussion: "From new/ and wait/. A held entry never ages.")
    static let request = Request.hold
    @OptionGroup var options: MoveOptions
  }

  struct Release: MoveVerb {
    static let configuration = CommandConfiguration(
      commandName: "release", abstract: "Move entries from hold/ back to new/.")
    static let request = Request.release
    @OptionGroup var options: MoveOptions
  }

  struct Retry: MoveVerb {
    static let configuration = CommandConfiguration(
      commandName: "retry", abstract: "Move entries from fail/ or wait/ to new/: try again now.",
      discussion: "The count of attempts begins anew. An entry that may have had its effect stays marked (,0d).")
    static let request = Request.retry
    @OptionGroup var options: MoveOptions
  }

  struct Cancel: MoveVerb {
    static let configuration = CommandConfiguration(
      commandName: "cancel", abstract: "Give entries up: from new/, wait/ or hold/ to fail/.",
      discussion: """
        What is being worked on (run/) cannot be cancelled; end its worker instead. A run of pipeline-run can: it is ended, and
        what it did is undone. Of one whose undoing is stuck (hold/) the rest is left as it is.
        """.reflowed)
    static let request = Request.cancel
    @OptionGroup var options: MoveOptions
  }
}
