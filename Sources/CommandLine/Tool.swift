import ArgumentParser
import Glibc
import Spool

/// One of the executables: arguments in, a domain call, an exit status.
public protocol Tool: ParsableCommand {
  static var manual: Manual { get }
  /// Told before it ends with a failure of its own, its arguments' included.
  static func fails(_ status: ExitStatus, _ why: String)
}

extension Tool {
  public static func fails(_ status: ExitStatus, _ why: String) {}
}

/// The release, as `--version` says it.
public let spindleVersion = "0.1.0"

extension Tool {
  public static func configured(
    subcommands: [any ParsableCommand.Type] = [], default defaultSubcommand: (any ParsableCommand.Type)? = nil
  ) -> CommandConfiguration {
    CommandConfiguration(
      commandName: manual.name, abstract: manual.summary, discussion: manual.description.reflowed,
      version: "\(manual.name) (Spindle) \(spindleVersion)", subcommands: subcommands,
      defaultSubcommand: defaultSubcommand)
  }

  /// Parses, runs, and exits with the status that the table gives.
  public static func start(_ arguments: [String]) -> Never {
    start {
      var command = try parsed(arguments)
      try command.run()
    }
  }

  /// The same for what needs no parsing.
  public static func start(_ run: () throws -> Void) -> Never {
    // A reader that goes away (`| head`) is noticed at the write, and ends us quietly.
    signal(SIGPIPE, SIG_IGN)
    do {
      if let now = getenv("SPOOL_NOW"), Timestamp(rfc3339: String(cString: now)) == nil {
        throw Failure(
          .usage, "SPOOL_NOW", "\"\(String(cString: now))\" is no time", do: "write it as 2026-11-23T17:20:44Z")
      }
      try run()
      Exit.now(.done)
    } catch {
      end(with: error)
    }
  }

  /// What is typed to get the help that is meant: the verb's own, where there is one.
  private static var helpCommand: String {
    let verb = Swift.CommandLine.arguments.dropFirst().first { word in
      configuration.subcommands.contains { $0._commandName == word }
    }
    return "\(manual.name) \(verb.map { "\($0) " } ?? "")--help"
  }

  /// A verb is parsed by itself: to lay out all of them takes longer than to run one. What does not parse gets its words from
  /// the whole.
  private static func parsed(_ arguments: [String]) throws -> any ParsableCommand {
    if let verb = configuration.subcommands.first(where: { $0._commandName == arguments.first }),
      let command = try? verb.parse(Array(arguments.dropFirst()))
    {
      return command
    }
    return try parseAsRoot(arguments)
  }

  private static func end(with error: any Error) -> Never {
    switch error {
    case let failure as Failure:
      complain("\(manual.name): \(failure)")
      if !failure.isFailedFlush { fails(failure.status, failure.description) }
      Exit.now(failure.status)
    case let status as Exit: Exit.now(status.status)
    default:
      // Help and --version come as errors too; they are results.
      guard exitCode(for: error) == .validationFailure else {
        Exit.onDone()
        exit(withError: error)
      }
      complain("\(manual.name): \(message(for: error).printable): see \(helpCommand)")
      fails(.usage, message(for: error))
      Exit.now(.usage)
    }
  }
}

extension String {
  /// Its paragraphs on one line each: the help breaks lines where the terminal ends. In one pass over the bytes, for every tool
  /// does it at its start.
  public var reflowed: String {
    var bytes = Array(utf8)
    for place in bytes.indices.dropFirst().dropLast() where bytes[place] == 10 {
      if bytes[place - 1] != 10 && bytes[place + 1] != 10 { bytes[place] = 32 }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Ends a tool with a status that is an answer and needs no words.
public struct Exit: Error {
  public var status: ExitStatus
  public init(_ status: ExitStatus) { self.status = status }

  /// Told that the process ends well, also where its reader goes away before it has heard all.
  public nonisolated(unsafe) static var onDone: () -> Void = {}

  /// Told that the process ends because nobody can be told its result.
  public nonisolated(unsafe) static var onBroken: (String) -> Void = { _ in }

  /// Ends the process.
  public static func now(_ status: ExitStatus) -> Never {
    if status == .done { onDone() }
    exit(status.rawValue)
  }
}

/// One line on stderr.
public func complain(_ line: String) {
  write(all: Array((line + "\n").utf8), to: STDERR_FILENO)
}

/// What somebody else said on stderr, as it is.
/// - Returns: whether anybody can hear it: false where it is a pipe that nobody reads any more.
@discardableResult
public func complain(bytes: [UInt8]) -> Bool { write(all: bytes, to: STDERR_FILENO) }

/// A result, on stdout.
public func output(_ text: String, terminator: String = "\n") {
  output(bytes: Array((text + terminator).utf8))
}

/// A result's bytes, on stdout.
public func output(bytes: [UInt8]) { write(all: bytes, to: STDOUT_FILENO) }

@discardableResult
private func write(all bytes: [UInt8], to descriptor: Int32) -> Bool {
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if count > 0 {
      rest = rest.dropFirst(count)
    } else if errno == EAGAIN {
      var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      poll(&polled, 1, -1)
    } else if errno == EPIPE && descriptor == STDOUT_FILENO {
      Exit.now(.done)
    } else if errno != EINTR {
      if descriptor == STDOUT_FILENO {
        let why = "standard output: cannot be written to: \(String(cString: strerror(errno)))"
        complain(why)
        Exit.onBroken(why)
        exit(ExitStatus.io.rawValue)
      }
      return false
    }
  }
  return true
}
