import CommandLine
import Spool

/// `approve --from-mail`.
struct MailAnswer {
  var spool: SpoolOptions

  func run() throws {
    throw Failure(.software, "--from-mail", "is not built in")
  }
}
