// `harvest` and `memory`: one executable by the name that it is called by, as the other tools are; it is another one than theirs
// for GRDB brings all of Foundation (docs/decisions/0011-memory.md).

import CommandLine

let tools: [any Tool.Type] = [HarvestTool.self, MemoryTool.self]
let (called, arguments) = Toolbox.call(of: "spindle-memory")
Toolbox.run(tools, of: "spindle-memory", as: called, arguments)
