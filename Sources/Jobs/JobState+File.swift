import Spool

extension JobState {
  static func directory(in spool: SpoolDirectory) throws(Failure) -> Directory {
    try Directory.making("names", in: spool.queue(queueName, making: true).directory)
  }

  /// Those that have said something of themselves.
  public static func names(in spool: SpoolDirectory) throws(Failure) -> [String] {
    try directory(in: spool).names().sorted().filter { !$0.hasPrefix(".") }
  }

  public static func read(_ name: String, in spool: SpoolDirectory) throws(Failure) -> JobState? {
    let directory = try directory(in: spool)
    guard let file = try directory.open(name), let bytes = try file.readAll(limit: 65536) else { return nil }
    do { return JobState(name: name, try Header(file: bytes)) } catch {
      throw Failure(
        .configuration, "\(directory.path)/\(name)", error.description, do: "mend the line, or rm the file")
    }
  }

  private init(name: String, _ header: Header) {
    self.init(name: name)
    func time(_ name: String) -> Timestamp? { header[name].flatMap { Timestamp(rfc3339: $0) } }
    func span(_ name: String) -> Duration? { header[name].flatMap { Duration($0) } }
    func number(_ name: String) -> Int? { header[name].flatMap { Int($0) } }
    /// A first word, and what follows it.
    func pair(_ name: String) -> (Substring, Substring)? {
      header[name].map { text in
        let first = text.prefix { $0 != " " }
        return (first, text.dropFirst(first.count + 1))
      }
    }
    policy = JobPolicy(
      expectEvery: span("Expect-Every"), alertAfter: number("Alert-After"), coolDown: span("Cooldown"),
      disableAfter: number("Disable-After"))
    since = time("Since") ?? since
    command = header["Command"]
    lastID = header["Last-Id"].flatMap { try? EntryID($0) }
    lastStart = time("Last-Start")
    lastEnd = time("Last-End")
    lastSuccess = time("Last-Success")
    let exit = number("Last-Exit").map { Int32(clamping: $0) }
    lastExecution = header["Last-Execution"].flatMap { Execution(word: $0, exit: exit) }
    lastDelivery = header["Last-Delivery"].flatMap { JobDelivery($0) }
    lastDeliveries = (header["Last-Deliveries"] ?? "").split(separator: " ").compactMap { try? EntryID($0) }
    failures = number("Failures") ?? 0
    lastRefused = time("Last-Refused")
    refused = number("Refused") ?? 0
    if let (when, why) = pair("Disabled") {
      disabled = Disabled(time: Timestamp(rfc3339: String(when)) ?? since, why: String(why))
    }
    if let (what, run) = pair("Tell"), let what = Tell.What(rawValue: String(what)), let run = try? EntryID(run) {
      tell = Tell(what: what, run: run)
    }
    told = time("Told")
  }

  public func write(to spool: SpoolDirectory) throws(Failure) {
    let header = Header([
      "Job": name, "Expect-Every": policy.expectEvery?.written, "Alert-After": policy.alertAfter.map(String.init),
      "Cooldown": policy.coolDown?.written, "Disable-After": policy.disableAfter.map(String.init),
      "Since": since.rfc3339, "Command": command, "Last-Id": lastID?.description, "Last-Start": lastStart?.rfc3339,
      "Last-End": lastEnd?.rfc3339, "Last-Success": lastSuccess?.rfc3339,
      "Last-Execution": lastExecution?.word, "Last-Exit": lastExecution?.exit.map(String.init),
      "Last-Delivery": lastDelivery?.description,
      // As many as fit the line: the rest is in jobs/sent/.
      "Last-Deliveries": lastDeliveries.isEmpty
        ? nil : lastDeliveries.suffix(100).map(\.description).joined(separator: " "),
      "Failures": failures > 0 ? String(failures) : nil, "Last-Refused": lastRefused?.rfc3339,
      "Refused": refused > 0 ? String(refused) : nil,
      "Disabled": disabled.map { "\($0.time.rfc3339) \($0.why)" }, "Tell": tell.map { "\($0.what.rawValue) \($0.run)" },
      "Told": told?.rfc3339,
    ])
    try Self.directory(in: spool).replace(name, with: header.bytes.dropLast())
  }
}

extension Duration {
  /// As `init(_:)` reads it.
  fileprivate var written: String { "\(nanoseconds / 1_000_000_000)s" }
}
