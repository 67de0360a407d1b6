import Roster
import Spool

/// A settings file that is not understood, or an `Alert:` that names nobody: what it was to say does not hold.
enum SettingsRule: Rule {
  static let name = "settings"

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    var failures: [Failure] = []
    do { _ = try Address.resolve(Settings(look.spool).alert, in: look.spool) } catch { failures.append(error) }
    for (_, agent) in try look.agents() { if case .failure(let failure) = agent { failures.append(failure) } }
    for name in try look.spool.directory("people").names().sorted() where name != SpoolDirectory.readme {
      do { _ = try Person(named: name, in: look.spool) } catch { failures.append(error) }
    }
    return failures.map { Signal(self, "\($0.what):\($0.why)", "\($0.what): \($0.why)", do: $0.remedy) }
  }
}
