// swift-tools-version: 6.1
import PackageDescription

// Imports run one way: spindle (the tools) -> domains -> Work, Roster -> Spool -> CLinux.
// Domains do not import each other; they meet in the spool. (Approvals and Jobs stand on Deliveries, the gateway on the calls;
// Health looks at all.)

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let nio = ["NIOCore", "NIOPosix", "NIOHTTP1", "NIOWebSocket"].map {
  Target.Dependency.product(name: $0, package: "swift-nio")
}
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
  name: "spindle",
  products: [
    .executable(name: "spindle", targets: ["spindle"]),
    .executable(name: "spindle-web", targets: ["spindle-web"]),
    .executable(name: "spindle-memory", targets: ["spindle-memory"]),
    .library(name: "Spool", targets: ["Spool"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    // What Swift lacks, and the library that the watch stands on.
    .target(name: "CLinux"),
    .systemLibrary(name: "CInotifyTools", providers: [.apt(["libinotifytools0-dev"])]),
    .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),

    // The protocol. It knows no agent, no channel, no job.
    .target(name: "Spool", dependencies: ["CLinux", "CInotifyTools", crypto, system]),

    // Shared by the domains: running a command under a claim, serving a queue; who the agents and the people are.
    .target(name: "Work", dependencies: ["Spool", "CLinux"]),
    .target(name: "Roster", dependencies: ["Spool"]),

    // One library for each noun.
    .target(name: "Facts", dependencies: ["Spool"]),
    // What must never be remembered.
    .target(name: "Secrets", dependencies: ["Spool"]),
    .target(name: "Calls", dependencies: ["Spool", "Work", "Roster"]),
    .target(name: "Deliveries", dependencies: ["Spool", "Work", "Roster"]),
    // Who makes the calls of all, and as whom others may call.
    .target(name: "Gateway", dependencies: ["Spool", "Work", "Roster", "Calls", crypto]),
    // A job's output is delivered, and so is what went wrong with it: it stands on Deliveries.
    .target(name: "Jobs", dependencies: ["Spool", "Work", "Roster", "Deliveries"]),
    .target(name: "Runs", dependencies: ["Spool", "Work"]),
    // Crontabs, and what is due when.
    .target(name: "Schedule", dependencies: ["Spool", "Work", "CLinux"]),
    // A request is put to its person by a delivery, and starts its clock by that one's receipt: it stands on Deliveries.
    .target(name: "Approvals", dependencies: ["Spool", "Work", "Roster", "Deliveries"]),

    // Judges the state of all of them, and changes none.
    .target(
      name: "Health", dependencies: ["CLinux", "Spool", "Work", "Roster", "Calls", "Jobs", "Approvals", "Deliveries"]),

    // How a whole spool stands, in one document.
    .target(
      name: "Overview",
      dependencies: ["Spool", "Work", "Roster", "Calls", "Deliveries", "Approvals", "Jobs", "Runs", "Health"]),

    // An entry's life over all queues, for who wants to know what became of it.
    .target(name: "Story", dependencies: ["Spool", "Approvals", "Deliveries", "Jobs", "Runs"]),

    // What all tools share, and the tools: one executable that is each of them by its name
    // (docs/decisions/0001-one-executable.md).
    .target(name: "CommandLine", dependencies: ["Spool", "CLinux", argumentParser]),
    .executableTarget(
      name: "spindle",
      dependencies: [
        "CLinux", "CommandLine", "Spool", "Work", "Roster", "Calls", "Deliveries", "Gateway", "Health", "Jobs",
        "Approvals", "Overview", "Runs", "Schedule", "Story", argumentParser,
      ],
      linkerSettings: [.unsafeFlags(["-static-executable"], .when(configuration: .release))]
    ),

    .target(name: "Support", dependencies: ["Spool"], path: "Tests/Support"),
    .testTarget(name: "SpoolTests", dependencies: ["Spool", "Support", system]),
    .testTarget(
      name: "DomainTests",
      dependencies: [
        "Spool", "Support", "Work", "Roster", "Calls", "DashboardAPI", "Deliveries", "Door", "Gateway", "Health",
        "Jobs", "Approvals",
        "Overview", "Runs", "Schedule", "Telegram", "Webhooks", "Web", "Secrets", "CommandLine", "Facts", crypto,
      ]),
    .testTarget(name: "EndToEndTests", dependencies: ["Support"]),

    // What speaks over sockets: an executable of its own, linked against the system's libcurl (docs/decisions/0007-libcurl.md).
    .target(name: "Web", dependencies: ["CCurl"]),
    .target(name: "Telegram", dependencies: ["Web", "Approvals", "Deliveries", "Spool", "Roster", "Work"]),
    .target(name: "Webhooks", dependencies: ["Web", "Deliveries", "Spool", "Roster", "Work", crypto]),
    // The gateway's loopback WebSocket (docs/decisions/0012-the-door.md); what is said there is a library that knows no socket.
    .target(name: "Door", dependencies: ["Calls", "Gateway", "Spool", "Roster", "Work"]),
    .target(name: "Loopback", dependencies: ["Spool"] + nio),
    .target(name: "DoorServer", dependencies: ["Door", "Loopback", "Spool", "Work"] + nio),
    // The dashboard (docs/decisions/0014-the-dashboard.md), in the same two parts. Its page is Sources/dashboard.
    .target(
      name: "DashboardAPI", dependencies: ["Approvals", "Runs", "Roster", "Spool", "Work", crypto]),
    .target(
      name: "DashboardServer",
      dependencies: ["DashboardAPI", "Loopback", "Deliveries", "Overview", "Roster", "Spool", "Work"] + nio),
    .executableTarget(
      name: "spindle-web",
      dependencies: [
        "Approvals", "DashboardServer", "DoorServer", "Telegram", "Webhooks", "Deliveries", "Spool", "Roster", "Work",
      ]),

    // What the agents know: an executable of its own, for GRDB brings all of Foundation (docs/decisions/0011-memory.md).
    .target(name: "CSimdjson", linkerSettings: [.linkedLibrary("simdjson")]),
    .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
    .target(name: "Memory", dependencies: ["CSQLite", "Spool", "Work", "Roster", "Secrets", crypto, grdb]),
    .target(name: "Harvest", dependencies: ["CSimdjson", "Facts", "Memory", "Secrets", "Spool", crypto]),
    .executableTarget(
      name: "spindle-memory",
      dependencies: [
        "CommandLine", "Facts", "Harvest", "Memory", "Secrets", "Spool", "Roster", "Work", argumentParser,
      ],
      // At a fixed place: 60 MB of Foundation that needs no relocation start 2 ms sooner. Its 20,000 symbols are no library's business:
      // the loader need not search them.
      linkerSettings: [
        .unsafeFlags(
          ["-Xclang-linker", "-no-pie", "-use-ld=lld", "-Xlinker", "--no-export-dynamic"],
          .when(configuration: .release))
      ]),

    // The library as it is shipped, on a simulated machine.
    .target(name: "Coroutine", path: "Tests/Coroutine"),
    .executableTarget(
      name: "simulate",
      dependencies: [
        "Spool", "Work", "Roster", "Calls", "Deliveries", "Jobs", "Approvals", "Coroutine", argumentParser, system,
      ],
      path: "Tests/Simulation"),

    // Spindle's side of bin/bench.
    .executableTarget(
      name: "spindle-bench", dependencies: ["Spool", argumentParser], path: "Tests/bench/spindle",
      linkerSettings: [.unsafeFlags(["-static-executable"], .when(configuration: .release))]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)
