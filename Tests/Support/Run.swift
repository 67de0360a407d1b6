import Foundation
import Glibc

/// What a real binary did.
public struct Ran: Sendable {
  public var status: Int32
  public var output: String
  public var error: String
}

extension Scratch {
  /// Where the tools were installed; by hand: those of the last debug build.
  public static let binaries =
    ProcessInfo.processInfo.environment["SPINDLE_STAGE"].map { "\($0)/bin" } ?? "\(sources)/.build/debug"

  public static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  /// Runs a tool in this directory, with HOME and SPOOL_DIR in it, and the stand-ins first in PATH.
  @discardableResult
  public func run(
    _ tool: String, _ arguments: [String] = [], input: String = "", environment: [String: String] = [:],
    standIns: Bool = true
  ) throws -> Ran {
    let process = try start(tool, arguments, input: input, environment: environment, standIns: standIns)
    return process.finish()
  }

  public func start(
    _ tool: String, _ arguments: [String] = [], input: String = "", environment: [String: String] = [:],
    standIns: Bool = true
  ) throws -> Running {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: tool.hasPrefix("/") ? tool : "\(Self.binaries)/spindle")
    process.arguments = tool.hasPrefix("/") ? arguments : [tool] + arguments
    process.currentDirectoryURL = URL(fileURLWithPath: path)
    var variables = [
      "HOME": path, "SPOOL_DIR": "\(path)/spool", "TZ": "UTC", "STANDIN_LOG": "\(path)/calls.jsonl",
      "PATH": (standIns ? "\(Self.sources)/Tests/stand-ins:" : "") + "\(Self.binaries):/usr/bin:/bin",
    ]
    variables.merge(environment) { _, new in new }
    process.environment = variables
    return try Running(process, input: input)
  }
}

/// A process that is under way.
public final class Running: @unchecked Sendable {
  private let process: Process
  private let outputFile: String
  private let errorFile: String

  init(_ process: Process, input: String) throws {
    self.process = process
    let base = NSTemporaryDirectory() + "/spindle-run-\(UUID().uuidString)"
    outputFile = base + ".out"
    errorFile = base + ".err"
    for file in [outputFile, errorFile] { FileManager.default.createFile(atPath: file, contents: nil) }
    FileManager.default.createFile(atPath: base + ".in", contents: Data(input.utf8))
    process.standardInput = FileHandle(forReadingAtPath: base + ".in")
    process.standardOutput = FileHandle(forWritingAtPath: outputFile)
    process.standardError = FileHandle(forWritingAtPath: errorFile)
    try process.run()
    try? FileManager.default.removeItem(atPath: base + ".in")
  }

  public var processID: Int32 { process.processIdentifier }

  public func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  public func finish() -> Ran {
    process.waitUntilExit()
    let status =
      process.terminationReason == .uncaughtSignal ? 128 + process.terminationStatus : process.terminationStatus
    func text(_ file: String) -> String {
      defer { try? FileManager.default.removeItem(atPath: file) }
      return String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
    }
    return Ran(status: status, output: text(outputFile), error: text(errorFile))
  }
}

/// A FIFO at which a command and a test meet, instead of waiting for a time.
public enum Gate {
  /// Until the command has come to `echo > FIFO`.
  public static func wait(_ fifo: String) { _ = try? FileHandle(forReadingAtPath: fifo)?.readToEnd() }

  /// Lets a command go on that stands at `read x < FIFO`.
  public static func open(_ fifo: String) {
    let handle = FileHandle(forWritingAtPath: fifo)
    handle?.write(Data("go\n".utf8))
    try? handle?.close()
  }
}
