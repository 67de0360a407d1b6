// One executable that is each tool by the name that it is called by (docs/decisions/0001-one-executable.md):
// `spool`, `deliver`, ... are links to it; `spindle TOOL ...` works without links.

import CLinux
import CommandLine
import Spool

let tools: [any Tool.Type] = [
  SpoolTool.self, ClaudeCallTool.self, DeliverTool.self, WaitApprovalTool.self, ApproveTool.self, RejectTool.self,
  TelegramRelayTool.self, JobTool.self, PipelineRunTool.self, PipelineStepTool.self, FileChannelTool.self,
  EmailChannelTool.self,
]

func name(ofPath path: String) -> String { String(path.split(separator: "/").last ?? "spindle") }

/// As they are: a word that is no UTF-8 would be handed on as another one.
func givenWords() -> [String] {
  (0..<clinux_argument_count()).map { place in
    guard let word = String(validatingCString: clinux_argument(place)) else {
      let tool = name(ofPath: String(cString: clinux_argument(0)))
      let why = "argument \(place) is not UTF-8: \(String(cString: clinux_argument(place)).printable)"
      complain("\(tool.printable): \(why): rename what it names, or put it into a file")
      if tool == "pipeline-step" { StepCall.refuse(why) }
      Exit.now(.malformed)
    }
    return word
  }
}

var arguments = givenWords()
var called = name(ofPath: arguments.isEmpty ? "spindle" : arguments.removeFirst())
if called == "spindle", let first = arguments.first {
  called = first
  arguments.removeFirst()
}

// Before any tool is looked up: a step is in its run from its first instant on.
if called == "pipeline-step" { StepCall.start(arguments) }

switch called {
case "--manual":
  // For the build: man pages come from the same source as --help.
  for tool in tools where tool.manual.name == arguments.first { output(ManualPage(tool).text, terminator: "") }
case "--examples":
  // For the tests: every example of a man page runs.
  for tool in tools where tool.manual.name == arguments.first {
    for (_, commands) in tool.manual.examples { output(commands + "\n%%") }
  }
case "--list":
  for tool in tools { output(tool.manual.name) }
default:
  guard let tool = tools.first(where: { $0.manual.name == called }) else {
    complain(
      "spindle: \(called.printable): no such tool: one of \(tools.map { $0.manual.name }.joined(separator: ", "))")
    Exit.now(.usage)
  }
  tool.start(arguments)
}
