import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@Suite("When media can't be fetched", .orderlyAndLong, .needsFUSE)
struct MediaFailureTests {
    /// One file whose media fails.
    private struct Trial {
        let failure: MediaFailure
        let action: FaultAction
        let bench: MountBench
        let file: Original
    }

    /// The errors as programs print them.
    private static let messages = ["EIO": "Input/output error", "ESTALE": "Stale file handle"]

    /// Mounts an account with a file of each kind for each fault of some failures, and has them looked at.
    private static func trials(_ failures: [MediaFailure]) throws -> [Trial] {
        let folder = try TemporaryFolder()
        let cases = failures.flatMap { failure in
            failure.faults.enumerated().flatMap { number, action in
                (failure.isOfVoice ? ["wav"] : ["wav", "mka"]).map { suffix in
                    (failure, action, "\(failure)-\(number).\(suffix)", suffix)
                }
            }
        }
        for (seed, (failure, _, name, suffix)) in cases.enumerated() {
            let place = suffix == "wav" ? "recordings" : "video-recordings"
            // For a failed precondition, one request must fetch the whole file.
            let size = failure == .precondition ? 100_000 : 300_000
            try folder.file("\(place)/\(name)", TestMedia.noise(size, seed: UInt64(seed)))
        }
        let account = try SimulatedAccount(media: folder.url)
        for (sid, file) in try account.originals() where !file.name.hasPrefix("\(MediaFailure.young)-") {
            try account.change(
                resource: #"{"action":"update","sid":"\#(sid)","fields":{"date_created":"2026-01-01T00:00:00Z"}}"#)
        }
        let options = ["--no-probing", "--cache-size", "0", "--refresh", "0"] + TimeoutOption.shortest
        let bench = try MountBench(account: account, options: options)
        try bench.shell("find . -type f -exec stat {} + >/dev/null")
        return try cases.map { failure, action, name, _ in
            Trial(failure: failure, action: action, bench: bench, file: try account.original(name))
        }
    }

    /// Has the media fail.
    private static func spoil(_ trials: [Trial]) throws {
        for trial in trials {
            guard trial.failure != .gone else {
                try trial.bench.account.change(resource: #"{"action":"delete","sid":"\#(trial.file.sid)"}"#)
                continue
            }
            let path = trial.file.file.mediaPattern(sid: trial.file.sid)
            let host: SimulatedHost = trial.file.file.kind == .recording ? .api : .media
            if trial.failure == .precondition {
                // Only a request for the rest has `If-Match`.
                trial.bench.account.simulator.faults += [
                    FaultRule(.truncate(afterBytes: 50_000), host: host, path: path, count: 1)
                ]
            }
            trial.bench.account.simulator.faults += [FaultRule(trial.action, host: host, path: path)]
        }
    }

    @Test("Each failure of the table has the answer that the table says, and is over when the failure is")
    func table() throws {
        let rows = try SemanticsDocument().table("failure", with: "reason")
        let expected = MediaFailure.allCases
        var trials = try Self.trials(expected.filter { !$0.isOfHost })
        for failure in expected where failure.isOfHost { trials += try Self.trials([failure]) }
        let start = ContinuousClock.now
        try Self.spoil(trials)
        // All at the same time: each may take as long as the deadline.
        let readers = try trials.map { try RunningCommand(["sha256sum", $0.bench.mount.path(of: $0.file)]) }
        for (trial, reader) in zip(trials, readers) {
            let row = try #require(rows.first { $0["failure"] == trial.failure.rawValue })
            try Self.check(trial, try reader.wait(seconds: 100), reader.processID, row)
        }
        for trial in trials { trial.bench.account.clearFaults() }
        for trial in trials { try Self.checkAfterwards(trial, since: start) }
    }

    private static func check(
        _ trial: Trial, _ result: CommandResult, _ processID: Int32, _ row: [String: String]
    ) throws {
        let (sid, file) = trial.file
        guard let error = row["error"], let message = messages[error] else {
            #expect(row["error"] == "–" && result.text.hasPrefix(file.sha256), "\(file.name): \(result.errorText)")
            return
        }
        #expect(
            result.end == .exited(1) && result.errorText.contains(message), "\(file.name): \(result.errorText)")
        let fields = [
            " \(row["level"] ?? ""): read failed", "errno=\(error)", "recording=\(sid)", "operation=read",
            "path=\(file.mountedPath(sid: sid).split(separator: ".").first ?? "")", "program=sha256sum",
            "pid=\(processID)",
        ]
        let words = SemanticsDocument.words(in: row["log"])
        var lines: [Substring] = []
        let isLogged = eventually {
            lines = trial.bench.mount.log.split(separator: "\n").filter { line in
                line.contains("recording=\(sid)") && line.contains("errno=")
            }
            return lines.contains { line in (fields + words).allSatisfy { line.contains($0) } }
        }
        #expect(isLogged, "\(file.name): \(fields + words) in \(lines)")
        // What was waited for is told once, although the kernel asks twice.
        if row["reason"] == "the media can't be fetched" { #expect(lines.count == 1, "\(file.name): \(lines)") }
        let isOfTwilio = file.kind == .recording && words.contains { $0.hasPrefix("status=") }
        if isOfTwilio, trial.failure != .slowDown {
            #expect(lines.allSatisfy { $0.contains("request_id=") }, "\(lines)")
        }
    }

    private static func checkAfterwards(_ trial: Trial, since start: ContinuousClock.Instant) throws {
        let mount = trial.bench.mount
        switch trial.failure {
        case .gone:
            let name = mount.path(of: trial.file)
            #expect(eventually { access(name, F_OK) != 0 && errno == ENOENT }, "\(trial.file.file.name)")
        case .pause:
            let found = try mount.checksum(of: trial.file)
            #expect(found == nil || .now - start > .seconds(100), "the pause of 110 seconds hasn't ended")
        default:
            try mount.expectRight(trial.file, within: 60)
        }
    }
}
