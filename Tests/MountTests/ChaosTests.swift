import Foundation
import TestSupport
import Testing

@Suite("A short time of each row of make chaos", .orderlyAndLong, .needsFUSE)
struct ChaosTests {
    /// The rows; only root can give a mount another name server.
    static let rows =
        ["rsync", "reads", "outage", "proxy-tls", "proxy", "soak", "killed"] + (geteuid() == 0 ? ["names"] : [])

    @Test("Nothing is wrong, late or lost when everything goes wrong", arguments: rows)
    func row(_ name: String) throws {
        let folder = try TemporaryFolder()
        let result = try run(name, folder)
        let logs = ["faults.jsonl", "twiliofs.log"].map { file in
            let text = (try? String(contentsOfFile: folder.path("chaos/\(name)/\(file)"), encoding: .utf8)) ?? ""
            return text.split(separator: "\n").suffix(40).map { $0.prefix(1000) }.joined(separator: "\n")
        }
        #expect(result.end == .exited(0), "\(result.errorText)\(logs.joined(separator: "\n"))")
        #expect(result.text.contains("| passed "), "\(result.text)")
    }

    @Test("A row that fails is said with its seed after all rows were run, and the status isn't 0")
    func failing() throws {
        let folder = try TemporaryFolder()
        // A program that mounts nothing.
        let result = try run("killed,outage", folder, adding: ["TWILIOFS": "/bin/true", "SEED": "4711"])
        #expect(result.end == .exited(1))
        for name in ["killed", "outage"] {
            #expect(result.errorText.contains("FAILED: \(name): "), "\(result.errorText)")
            #expect(result.errorText.contains("make chaos ROWS=\(name) SEED=4711 QUICK=1"), "\(result.errorText)")
        }
    }

    @Test("The program that reads finds a wrong byte and a lost one in every way, and none in a copy")
    func exerciser() throws {
        let folder = try TemporaryFolder()
        let original = TestMedia.noise(300_000, seed: 7)
        var wrong = original
        wrong[150_000] ^= 1
        let files = ["original": original, "copy": original, "wrong": wrong, "short": original.dropLast()]
        for (name, content) in files { try Data(content).write(to: folder.url.appending(path: name)) }
        for way in ["pread", "read", "direct", "mmap", "sendfile", "whole"] {
            for (name, isRight) in [("copy", true), ("wrong", false), ("short", false)] {
                let tally = try exercise(folder, name, ["ways=\(way)", "count=400", "threads=4", "seed=5"])
                #expect(tally.reads == 400 && tally.ways == [way: 400])
                let complaints = tally.wrong + tally.errors
                #expect(isRight ? complaints == 0 : complaints > 0, "\(way) \(name): \(tally.examples)")
                #expect((way == "whole" && !isRight) == (complaints == 400), "\(way) \(name)")
            }
        }
        let missing = try exercise(folder, "nothing", ["count=5", "deadline=0"])
        #expect(missing.errors == 5 && missing.numbers == ["2": 5] && missing.late == 5)
    }

    /// What the program prints.
    private struct Tally: Decodable {
        let reads, wrong, errors, late: Int
        let ways, numbers: [String: Int]
        let examples: [String]
    }

    private func exercise(_ folder: TemporaryFolder, _ name: String, _ words: [String]) throws -> Tally {
        let list = try folder.file("list", "\(folder.path(name))\t\(folder.path("original"))\n")
        let result = try Command.require([BuiltPrograms.readExerciser, list] + words)
        return try JSONDecoder().decode(Tally.self, from: result.output)
    }

    private func run(
        _ rows: String, _ folder: TemporaryFolder, adding variables: [String: String] = [:]
    ) throws -> CommandResult {
        let program = BuiltPrograms.package.appending(path: "Benchmarks/run.py").path
        return try Command.run(
            [Python.interpreter(usesPackages: false), "-BsS", program, "chaos"],
            adding: [
                "QUICK": "1", "ROWS": rows, "BENCH_FOLDER": folder.url.path, "TWILIOFS": BuiltPrograms.twiliofs,
                "SIMULATOR": BuiltPrograms.simulator,
            ].merging(variables) { $1 }, seconds: 110)
    }
}
