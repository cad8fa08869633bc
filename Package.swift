// swift-tools-version: 6.2

import PackageDescription

/// Settings of every Swift target.
///
/// `TWILIOFS_WARNINGS=error`, which `.ci/run` sets, makes a warning fail the build.
let swiftSettings: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + (Context.environment["TWILIOFS_WARNINGS"] == "error" ? [.treatAllWarnings(as: .error)] : [])

/// Optimizes debug builds of the modules, and keeps their assertions: the tests move much through them.
///
/// `TWILIOFS_UNOPTIMIZED=1` leaves them as they are, for a debugger.
let optimized: [SwiftSetting] =
    Context.environment["TWILIOFS_UNOPTIMIZED"] == nil
    ? [.unsafeFlags(["-O", "-assert-config", "Debug"], .when(configuration: .debug))] : []

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let metricsTestKit = Target.Dependency.product(name: "MetricsTestKit", package: "swift-metrics")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

/// A Swift module of the filesystem, in `Sources/<name>`.
func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings + optimized)
}

/// The tests of one module, in `Tests/<name>Tests`.
func tests(of name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}

let package = Package(
    name: "twiliofs",
    products: [
        .executable(name: "twiliofs", targets: ["twiliofs"]),
        .executable(name: "twilio-simulator", targets: ["twilio-simulator"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        // The simulator's alone:
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
    ],
    targets: [
        .systemLibrary(name: "CFUSE", pkgConfig: "fuse3", providers: [.apt(["libfuse3-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .systemLibrary(name: "CLinux"),

        // From bottom to top: a module imports only modules above it in this list, which Tests/StructureTests checks.
        module("Support", ["CLinux"]),
        module("Transfer", ["CCurl", "Support", logging, metrics]),
        module("TwilioAPI", ["Transfer", "Support", logging]),
        module("Envelope", ["COpenSSL", "Support"]),
        module("KeyProcess", ["CLinux", "CSeccomp", "Envelope", "Support"]),
        module("Credentials", ["COpenSSL", "Envelope", "TwilioAPI", "Transfer", "Support", logging]),
        module("DiskCache", ["CXXHash", "Support", logging, .product(name: "GRDB", package: "GRDB.swift")]),
        module("Media", ["Envelope", "TwilioAPI", "Transfer", "Support", logging, metrics]),
        module(
            "Catalog",
            [
                "CLinux", "CSQLite", "CXXHash", "CZstd", "TwilioAPI", "Support", logging,
                .product(name: "GRDB", package: "GRDB.swift"), .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        module("Sync", ["Catalog", "TwilioAPI", "Transfer", "Support", logging]),
        module("Monitoring", ["Support", metrics]),
        module("Readability", ["Sync", "Catalog", "Media", "TwilioAPI", "Transfer", "Support", logging]),
        module("Prefetching", ["Sync", "Catalog", "Media", "TwilioAPI", "Transfer", "Support", logging]),
        module(
            "FileTree",
            ["Prefetching", "Readability", "Sync", "Catalog", "Media", "TwilioAPI", "Transfer", "Support", logging]),
        module("FileSystem", ["CFUSE", "CLinux", "FileTree", "Media", "Support", logging, metrics]),
        module(
            "MountRuntime",
            [
                "FileSystem", "FileTree", "Prefetching", "Readability", "Monitoring", "Media", "DiskCache", "Sync",
                "Catalog", "Credentials", "Envelope", "TwilioAPI", "Transfer", "Support", logging, metrics,
            ]),
        .executableTarget(
            name: "twiliofs",
            dependencies: [
                "CLinux", "MountRuntime", "FileSystem", "FileTree", "Media", "DiskCache", "Sync", "Catalog",
                "Credentials", "TwilioAPI", "Transfer", "KeyProcess", "Envelope", "Support", logging, argumentParser,
            ],
            swiftSettings: swiftSettings,
            // All functions are looked up at the start, so that the table of them can't be written to, and no look-up
            // copies registers with secrets.
            linkerSettings: [.unsafeFlags(["-Xlinker", "-z", "-Xlinker", "now"])]),

        module(
            "TwilioSimulator",
            [
                "COpenSSL", "Support", logging,
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        .executableTarget(
            name: "twilio-simulator", dependencies: ["CLinux", "TwilioSimulator", logging, argumentParser],
            swiftSettings: swiftSettings),

        .target(
            name: "TestSupport",
            dependencies: [
                "CLinux", "TwilioSimulator", "Support", logging, .product(name: "GRDB", package: "GRDB.swift"),
            ],
            path: "Tests/TestSupport",
            swiftSettings: swiftSettings + optimized),
        // Shared by tests; imports the filesystem's modules.
        .target(
            name: "ModuleTestSupport",
            dependencies: ["TestSupport", "TwilioSimulator", "Envelope", "Media", "TwilioAPI", "Transfer", logging],
            path: "Tests/ModuleTestSupport",
            swiftSettings: swiftSettings + optimized),
        // The imports of all modules, by the text of their sources.
        tests(of: "Structure", ["TestSupport"]),
        tests(of: "Support", ["Support", "TestSupport"]),
        tests(of: "Envelope", ["COpenSSL", "Envelope", "Support", "ModuleTestSupport", "TestSupport"]),
        // The program is that of the key process.
        tests(
            of: "KeyProcess",
            ["KeyProcess", "twiliofs", "Envelope", "ModuleTestSupport", "TestSupport", "Support"]),
        tests(of: "Transfer", ["Transfer", "TwilioSimulator", "Support", "TestSupport", logging, metricsTestKit]),
        tests(
            of: "TwilioAPI",
            ["TwilioAPI", "TwilioSimulator", "ModuleTestSupport", "TestSupport", "Transfer", "Support", logging]),
        tests(
            of: "Credentials",
            [
                "Credentials", "COpenSSL", "Envelope", "TwilioSimulator", "ModuleTestSupport", "TestSupport",
                "TwilioAPI", "Transfer", "Support", logging,
            ]),
        // Shared by the tests of the catalog and of the modules above it.
        .target(
            name: "CatalogTestSupport",
            dependencies: [
                "Catalog", "TestSupport", "TwilioAPI", "Support", logging,
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            path: "Tests/CatalogTestSupport",
            swiftSettings: swiftSettings + optimized),
        tests(
            of: "Catalog",
            [
                "Catalog", "CatalogTestSupport", "TestSupport", "TwilioAPI", "Support", logging,
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        tests(
            of: "Sync",
            [
                "Sync", "Catalog", "CatalogTestSupport", "TwilioSimulator", "ModuleTestSupport", "TestSupport",
                "TwilioAPI", "Transfer", "Support", logging,
            ]),
        // Uses the cache until it is killed.
        .executableTarget(
            name: "cache-exerciser", dependencies: ["DiskCache", logging], path: "Tests/CacheExerciser",
            swiftSettings: swiftSettings + optimized),
        tests(
            of: "DiskCache",
            [
                "DiskCache", "cache-exerciser", "TestSupport", "Support", logging,
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        tests(
            of: "Media",
            [
                "Media", "TwilioSimulator", "ModuleTestSupport", "TestSupport", "Credentials", "Envelope", "TwilioAPI",
                "Transfer", "Support", logging, metricsTestKit,
            ]),
        tests(of: "Readability", ["Readability", "Media", "Transfer", "TestSupport", "Support", "TwilioAPI"]),
        tests(of: "Prefetching", ["Prefetching", "TestSupport", "Catalog", "TwilioAPI"]),
        tests(of: "Monitoring", ["Monitoring", "TestSupport", metrics]),
        tests(
            of: "FileTree",
            [
                "FileTree", "Prefetching", "Readability", "TwilioSimulator", "CatalogTestSupport", "ModuleTestSupport",
                "TestSupport", "Sync", "Catalog", "Media", "Envelope", "TwilioAPI", "Transfer", "Support", logging,
            ]),
        tests(
            of: "FileSystem",
            [
                "FileSystem", "CFUSE", "FileTree", "Media", "TestSupport", "Support", "TwilioAPI", logging,
                metricsTestKit,
            ]),
        tests(
            of: "MountRuntime",
            [
                "MountRuntime", "FileTree", "Readability", "TwilioSimulator", "ModuleTestSupport", "TestSupport",
                "Monitoring", "Sync", "Catalog", "Media", "Envelope", "TwilioAPI", "Transfer", "Support", logging,
                metrics,
            ]),
        tests(of: "TwilioSimulator", ["TwilioSimulator", "TestSupport", "Support", logging]),
        .testTarget(
            name: "CommandLineTests",
            dependencies: [
                "twiliofs", "twilio-simulator", "TwilioSimulator", "DiskCache", "Sync", "Catalog", "FileTree",
                "MountRuntime", "Media", "Credentials", "TwilioAPI", "Transfer", "Envelope", "Support", "TestSupport",
                logging,
                argumentParser,
            ],
            swiftSettings: swiftSettings),
        // Reads from a mount while everything goes wrong: `make chaos`.
        .executableTarget(
            name: "read-exerciser", dependencies: ["Support"], path: "Tests/ReadExerciser",
            swiftSettings: swiftSettings + optimized),
        .testTarget(
            name: "MountTests",
            dependencies: ["twiliofs", "twilio-simulator", "read-exerciser", "TwilioSimulator", "TestSupport"],
            swiftSettings: swiftSettings),
    ],
    swiftLanguageModes: [.v6]
)

// `scripts/fuzz` sets it. libFuzzer brings the main function, so the command becomes a library that the targets can
// import; tests and the simulator aren't needed, and don't link.
if Context.environment["TWILIOFS_FUZZ"] != nil {
    package.products = []
    package.targets.removeAll { target in
        target.type == .test
            || [
                "twilio-simulator", "TwilioSimulator", "TestSupport", "ModuleTestSupport", "CatalogTestSupport",
                "cache-exerciser", "read-exerciser",
            ]
            .contains(target.name)
    }
    if let index = package.targets.firstIndex(where: { $0.name == "twiliofs" }) {
        package.targets[index] = .target(
            name: "twiliofs", dependencies: package.targets[index].dependencies,
            swiftSettings: swiftSettings + [
                .unsafeFlags([
                    "-parse-as-library", "-Xfrontend", "-entry-point-function-name", "-Xfrontend", "twiliofs_main",
                ])
            ])
    }
    package.targets.append(
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "twiliofs", "MountRuntime", "FileSystem", "FileTree", "Media", "DiskCache", "Sync", "Catalog",
                "Credentials", "TwilioAPI", "Transfer", "KeyProcess", "Envelope", "Support", logging, metrics,
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            path: "Fuzz", exclude: ["README.md", "Seeds"],
            swiftSettings: swiftSettings + [.unsafeFlags(["-parse-as-library"])]))
}
