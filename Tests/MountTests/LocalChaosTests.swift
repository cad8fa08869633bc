import Foundation
import TestSupport
import Testing

@Suite("A short time of each row of make chaos on processes, disks and scarcity", .orderlyAndLong, .needsFUSE)
struct LocalChaosTests {
    @Test(
        "Nothing is wrong or lost when the machine fails",
        arguments: ["kill", "flips", "cache-disk", "memory-squeezed", "descriptors-squeezed", "threads-squeezed"])
    func row(_ name: String) throws {
        let folder = try TemporaryFolder()
        let result = try run(name, folder)
        #expect(result.end == .exited(0), "\(result.errorText)\(lastEvents(of: name, folder))")
        #expect(result.text.contains("| passed "), "\(result.text)")
    }

    @Test("The stressors of stress-ng find nothing wrong")
    func stress() throws { try row("stress-ng") }

    @Test(
        "The helpers of xfstests find nothing wrong",
        .enabled(if: ProcessInfo.processInfo.environment["XFSTESTS"] != nil, "needs XFSTESTS, a folder with them"))
    func helpers() throws { try row("xfstests") }

    private func run(_ row: String, _ folder: TemporaryFolder) throws -> CommandResult {
        let program = BuiltPrograms.package.appending(path: "Benchmarks/run.py").path
        return try Command.run(
            [Python.interpreter(usesPackages: false), "-BsS", program, "chaos"],
            adding: [
                "QUICK": "1", "ROWS": row, "BENCH_FOLDER": folder.url.path, "TWILIOFS": BuiltPrograms.twiliofs,
                "SIMULATOR": BuiltPrograms.simulator,
            ], seconds: 110)
    }

    private func lastEvents(of name: String, _ folder: TemporaryFolder) -> String {
        let events = (try? String(contentsOfFile: folder.path("chaos/\(name)/faults.jsonl"), encoding: .utf8)) ?? ""
        return events.split(separator: "\n").suffix(40).map { $0.prefix(1000) }.joined(separator: "\n")
    }
}
