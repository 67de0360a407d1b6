import ArgumentParser
import FoundationEssentials
import Spool

/// A tool's man page in mdoc(7), made from the declarations that `--help` is made from, and from its `Manual`.
public struct ManualPage {
  public let text: String

  public init(_ tool: any Tool.Type) {
    let manual = tool.manual
    var page = Page()
    page.macro("Dd \(Self.date)")
    page.macro("Dt \(manual.name.uppercased()) 1")
    page.macro("Os Spindle \(spindleVersion)")
    page.section("NAME")
    page.macro("Nm \(manual.name)")
    page.macro("Nd \(Page.escaped(manual.summary))")
    let root = Self.command(of: tool)
    page.section("SYNOPSIS")
    for command in root.leaves { page.synopsis(command) }
    page.section("DESCRIPTION")
    page.paragraphs(manual.description)
    for command in root.leaves where command.superCommands?.isEmpty == false {
      page.subcommand(command)
    }
    page.section("OPTIONS")
    page.options(root.leaves.first?.superCommands?.isEmpty == false ? Self.common(root) : root.arguments ?? [])
    for table in manual.tables {
      page.section(table.title)
      page.paragraphs(table.about)
      page.list(table.rows, width: "Ds")
    }
    page.section("EXIT STATUS")
    let exits = (manual.exits + Manual.commonExits.filter { common in !manual.exits.contains { $0.0 == common.0 } })
      .sorted { $0.0.rawValue < $1.0.rawValue }
    page.list(exits.map { (String($0.0.rawValue), $0.1) }, width: "124")
    if !manual.files.isEmpty {
      page.section("FILES")
      page.list(manual.files, width: "Ds")
    }
    page.section("ENVIRONMENT")
    page.list(manual.environment + Manual.commonEnvironment, width: "Ds")
    if !manual.examples.isEmpty {
      page.section("EXAMPLES")
      for (purpose, commands) in manual.examples { page.example(purpose, commands) }
    }
    page.section("SEE ALSO")
    page.references(manual.seeAlso)
    text = page.text
  }

  /// The page changes with the release, not with the day that it was built on.
  private static let date = "November 24, 2026"

  private static func command(of tool: any Tool.Type) -> Dump.Command {
    let json = tool._dumpHelp()
    do { return try JSONDecoder().decode(Dump.self, from: Data(json.utf8)).command } catch {
      fatalError("the help of \(tool.manual.name) cannot be read back: \(error)")
    }
  }

  /// The options that every subcommand has.
  private static func common(_ root: Dump.Command) -> [Dump.Argument] {
    guard let first = root.leaves.first?.arguments else { return [] }
    return first.filter { argument in
      root.leaves.allSatisfy { leaf in leaf.arguments?.contains { $0.displayName == argument.displayName } == true }
    }
  }
}

/// What swift-argument-parser says of a command (`--experimental-dump-help`), as far as a page needs it.
private struct Dump: Decodable {
  var command: Command

  struct Command: Decodable {
    var commandName: String
    var superCommands: [String]?
    var abstract: String?
    var discussion: String?
    var arguments: [Argument]?
    var subcommands: [Command]?
    var shouldDisplay: Bool?

    /// The commands that can be typed.
    var leaves: [Command] {
      let inner = (subcommands ?? []).filter { $0.commandName != "help" && $0.shouldDisplay != false }
      return inner.isEmpty ? [self] : inner.flatMap(\.leaves)
    }

    /// As typed.
    var path: String { ((superCommands ?? []) + [commandName]).joined(separator: " ") }
  }

  struct Argument: Decodable {
    struct Name: Decodable {
      var kind: String
      var name: String
      var dashed: String { (kind == "long" ? "--" : "-") + name }
    }
    var kind: String
    var names: [Name]?
    var valueName: String?
    var abstract: String?
    var discussion: String?
    var defaultValue: String?
    var isOptional: Bool
    var isRepeating: Bool
    var shouldDisplay: Bool

    var displayName: String { names?.map(\.dashed).joined(separator: ", ") ?? "<\(valueName ?? "")>" }
  }
}

/// mdoc, line by line.
private struct Page {
  var text = ""

  mutating func macro(_ line: String) { text += ".\(line)\n" }
  mutating func section(_ title: String) { macro("Sh \(title)") }

  /// A text line: a leading dot or quote would be a request.
  mutating func line(_ words: String) {
    text += (words.hasPrefix(".") || words.hasPrefix("'") ? "\\&" : "") + Self.escaped(words) + "\n"
  }

  static func escaped(_ words: String) -> String {
    words.replacing("\\", with: "\\e").replacing("-", with: "\\-")
  }

  mutating func paragraphs(_ words: String) {
    for (index, paragraph) in words.split(separator: "\n\n").enumerated() {
      if index > 0 { macro("Pp") }
      for words in paragraph.split(separator: "\n") { line(String(words)) }
    }
  }

  mutating func synopsis(_ command: Dump.Command) {
    var words = [command.path]
    let shown = (command.arguments ?? []).filter(\.shouldDisplay)
    if shown.contains(where: { $0.kind != "positional" }) { words.append("[options]") }
    for argument in shown where argument.kind == "positional" {
      let name = argument.valueName ?? "argument"
      words.append((argument.isOptional ? "[\(name)]" : name) + (argument.isRepeating ? " ..." : ""))
    }
    macro("Bd -literal -compact")
    line(words.joined(separator: " "))
    macro("Ed")
  }

  mutating func subcommand(_ command: Dump.Command) {
    macro("Ss \(command.path)")
    paragraphs([command.abstract, command.discussion].compactMap { $0 }.joined(separator: "\n\n"))
    let own = (command.arguments ?? []).filter {
      $0.kind != "flag" || !["help", "version"].contains($0.names?.last?.name ?? "")
    }
    let special = own.filter { argument in
      !["-C, --spool", "-q, --quiet", "-v, --verbose"].contains(argument.displayName)
    }
    if !special.isEmpty { options(special) }
  }

  mutating func options(_ arguments: [Dump.Argument]) {
    let rows = arguments.filter(\.shouldDisplay).map { argument -> (String, String) in
      let value = argument.kind == "option" ? " \(argument.valueName ?? "value")" : ""
      let fallback = argument.defaultValue.map { " Default: \($0)." } ?? ""
      return (
        argument.displayName + value,
        [argument.abstract, argument.discussion].compactMap { $0 }.joined(separator: " ") + fallback
      )
    }
    list(rows, width: "Ds")
  }

  mutating func list(_ rows: [(String, String)], width: String) {
    guard !rows.isEmpty else { return }
    macro("Bl -tag -width \(width)")
    for (term, meaning) in rows {
      macro("It Li \"\(Self.escaped(term))\"")
      line(meaning.split(separator: "\n").joined(separator: " "))
    }
    macro("El")
  }

  mutating func example(_ purpose: String, _ commands: String) {
    macro("Pp")
    line(purpose)
    macro("Bd -literal -offset indent")
    for words in commands.split(separator: "\n", omittingEmptySubsequences: false) { line(String(words)) }
    macro("Ed")
  }

  mutating func references(_ pages: [String]) {
    for (index, page) in pages.enumerated() { macro("Xr \(page) 1" + (index < pages.count - 1 ? " ," : "")) }
  }
}
