import Glibc
import Spool
import Work

/// A slot, in which one call at a time is made: a process of its own, so that what a call does to its maker stays there. It lives on
/// for the next call; it dies with the gateway, and what it started with it.
final class WorkerSlot {
  /// What is made in it.
  struct Call {
    var line: AgentLine
    var fileName: String
  }

  /// Nil: it is free.
  private(set) var call: Call?
  /// It was asked to end.
  private(set) var isLeaving = false
  private let child: Child
  private let attendance: Child.Attendance
  private let end: Int32
  private let ear = Ear()

  /// What it has said, line by line.
  private final class Ear { var rest: [UInt8] = [] }

  /// - Parameter notice: told what it says to the person.
  init(_ command: Command, notice: @escaping ([UInt8]) -> Void) throws(Failure) {
    guard let pipe = Child.inputPipe() else {
      throw Failure(.tryAgain, command.path, "no more file descriptors", do: "raise the limit (ulimit -n)")
    }
    end = pipe.end
    let ear = ear
    do {
      child = try Child(command, input: pipe.input)
      attendance = Child.Attendance(
        child, until: nil,
        onOutput: { piece in
          ear.rest += piece
          return .more
        }, onError: { notice(Array($0)) })
    } catch {
      Glibc.close(end)
      throw error
    }
  }

  deinit { Glibc.close(end) }

  var polled: [pollfd] { attendance.polled }

  /// - Returns: false where it is no more there to be told.
  func begin(_ place: (room: Spool.Room, fileName: String), of line: AgentLine) -> Bool {
    let words = Array("\(line.name) \(place.room.rawValue) \(place.fileName)\n".utf8)
    // Shorter than a pipe's 4096 bytes: all of it or nothing.
    guard write(end, words, words.count) == words.count else { return false }
    call = Call(line: line, fileName: place.fileName)
    return true
  }

  enum Event {
    case nothing
    /// The call is settled, or was somebody else's.
    case done(Call)
    /// Somebody else holds it.
    case busy(Call)
    /// It could not even be begun.
    case failed(Call)
    /// It has ended; what it was at is left behind.
    case died(Call?)
  }

  /// - Parameter polled: what was asked for, as poll(2) left it.
  func attend(_ polled: ArraySlice<pollfd>) -> Event {
    if attendance.attend(polled) != nil {
      defer { call = nil }
      return .died(call)
    }
    guard let newline = ear.rest.firstIndex(of: 10), let call else { return .nothing }
    let word = ear.rest.first
    ear.rest.removeFirst(newline + 1)
    self.call = nil
    switch word {
    case CallWorker.trouble: return .failed(call)
    case CallWorker.busy: return .busy(call)
    default: return .done(call)
    }
  }

  var isFree: Bool { call == nil && !isLeaving }

  /// It hands back what it is at, and ends.
  func leave() {
    isLeaving = true
    child.tell(SIGTERM)
  }
}
