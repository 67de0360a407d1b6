import Spool

/// A user's own command as the step of a queue: the body on stdin, the product on stdout.
public struct CommandStep {
  public var path: String
  public var arguments: [String]
  public var timeout: Duration
  public var attempts: Int
  /// Gets what the command says on stderr as it comes.
  public var onError: ([UInt8]) -> Void

  public init(
    path: String, arguments: [String], timeout: Duration, attempts: Int, onError: @escaping ([UInt8]) -> Void
  ) {
    self.path = path
    self.arguments = arguments
    self.timeout = timeout
    self.attempts = attempts
    self.onError = onError
  }

  /// Runs the command on a claim, and settles the claim by how it ends.
  public func run(_ claim: Claim) throws(Failure) -> Worker.Verdict {
    let deadline = Deadline.within(timeout)
    try claim.setDeathTimer(deadline.remaining)
    let command = Command(path: path, arguments: arguments, environment: environment(claim, deadline))
    let child: Child
    do { child = try Child(command, input: claim.bodyFile(), lock: claim.file) } catch {
      // Missing or broken, not the entry's fault: it waits until that is mended.
      try claim.putOff(error.description, for: .seconds(60))
      return .goOn
    }
    var product: [UInt8] = []
    var tooLong = false
    let outcome = child.run(until: deadline) { piece in
      if product.count + piece.count > Entry.sizeLimit {
        tooLong = true
        return .enough
      }
      product += piece
      return .more
    } onError: { piece in
      claim.queue.log(claim.id, String(decoding: piece, as: UTF8.self))
      onError(Array(piece))
    }
    if let number = outcome.stoppedBy {
      try claim.putOff("the worker was asked to stop", for: .zero)
      return .stop(number)
    }
    if tooLong {
      try claim.fail("its output is longer than \(Entry.sizeLimit) bytes")
    } else if outcome.succeeded {
      try claim.finish(products(product, of: claim))
    } else if outcome.isTransient {
      try claim.retry(outcome.spoken, attempts: attempts)
    } else {
      try claim.fail(outcome.spoken)
    }
    return .goOn
  }

  /// With a next queue always one, be it empty; else what was said, if anything was, is the response.
  private func products(_ bytes: [UInt8], of claim: Claim) -> [Product] {
    let header = Header(["Subject": claim.entry.subject, "Expires": claim.entry.header["Expires"]])
    if let next = claim.queue.next { return [Product(.queue(next), header: header, body: bytes)] }
    return bytes.isEmpty ? [] : [Product(.response, header: Header(["Subject": claim.entry.subject]), body: bytes)]
  }

  private func environment(_ claim: Claim, _ deadline: Deadline) -> [String: String] {
    var environment = inheritedEnvironment()
    environment["SPOOL_DIR"] = claim.queue.spool.path
    environment["SPOOL_ID"] = claim.id.description
    environment["SPOOL_QUEUE"] = claim.queue.name
    environment["SPOOL_ATTEMPT"] = String(claim.name.attempts + 1)
    // Its header lines: Chat: is SPOOL_HEADER_CHAT. Those of an outer step are not this one's.
    for name in environment.keys where name.hasPrefix("SPOOL_HEADER_") { environment[name] = nil }
    for line in claim.entry.header.lines {
      let name = line.name.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
      environment["SPOOL_HEADER_" + String(name)] = environment["SPOOL_HEADER_" + String(name)] ?? line.value
    }
    deadline.handDown(to: &environment)
    return environment
  }
}
