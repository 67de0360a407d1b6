// One executable that is each tool by the name that it is called by (docs/decisions/0001-one-executable.md):
// `spool`, `deliver`, ... are links to it; `spindle TOOL ...` works without links.

import CommandLine

let tools: [any Tool.Type] = [
  SpoolTool.self, ClaudeCallTool.self, DeliverTool.self, WaitApprovalTool.self, ApproveTool.self, RejectTool.self,
  TelegramRelayTool.self, GatewayTool.self, DashboardTool.self, JobTool.self, HeartbeatTool.self,
  HeartbeatGuardTool.self,
  SchedulerTool.self, PipelineRunTool.self, PipelineStepTool.self, FileChannelTool.self, EmailChannelTool.self,
]

let (called, arguments) = Toolbox.call(of: "spindle") { tool, why in
  if tool == "pipeline-step" { StepCall.refuse(why) }
}

// Before any tool is looked up: a step is in its run from its first instant on.
if called == "pipeline-step" { StepCall.start(arguments) }

Toolbox.run(tools, of: "spindle", as: called, arguments)
