import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("What changes at Twilio, and lists that fail", .orderly, .needsFUSE)
struct ChangeTests {
    @Test("A recording that vanishes disturbs no reader of another")
    func vanished() throws {
        let bench = try MountBench(media: TestMedia.real, options: ["--refresh", "0", "--no-probing"])
        let files = try bench.account.originals().filter { $1.size > 100_000 }.map { ($0, $1) }
        try #require(files.count > 4)
        try bench.shell("find . -type f -exec stat {} + >/dev/null")
        for (sid, _) in files.prefix(2) {
            try bench.account.change(
                resource: #"{"action":"update","sid":"\#(sid)","fields":{"date_created":"2026-01-01T00:00:00Z"}}"#)
        }
        bench.account.simulator.behaviour.latencyMilliseconds = 50
        let readers = try files.map { try RunningCommand(["sha256sum", bench.mount.path(of: $0)]) }
        for (sid, _) in files.prefix(2) {
            try bench.account.change(resource: #"{"action":"delete","sid":"\#(sid)"}"#)
        }
        for (file, reader) in zip(files, readers) {
            let result = try reader.wait()
            let isRight = result.end == .exited(0) && result.text.hasPrefix(file.1.sha256)
            let isGone = file.0 == files[0].0 || file.0 == files[1].0
            #expect(isRight || isGone && result.end == .exited(1), "\(file.1.name): \(result.errorText)")
        }
        // What was read whole before that is known by the disk cache only.
        #expect(try Command.require(["ls", "\(bench.mount.path)/recordings"]).lines.count >= 1)
    }

    @Test("A list whose answer is garbage fails with the reason, and nothing of it is shown")
    func garbage() throws {
        let answers: [FaultAction] = [
            .answer(200, type: "application/json", body: #"{"recordings": [{"sid": "RE"#),
            .answer(200, type: "application/json", body: "[1, 2"), .answer(200, type: "application/json", body: "null"),
            .answer(200, type: "text/html", body: "<html>Please log in</html>"),
        ]
        // All at the same time: what isn't JSON at all is repeated until the deadline.
        let trials = try answers.map { answer in
            let account = try SimulatedAccount(media: TestMedia.small)
            // The first request is the check of the credentials.
            account.simulator.faults = [
                FaultRule(answer, path: "/2010-04-01/Accounts/\(account.sid)/Recordings.json", after: 1)
            ]
            let bench = try MountBench(account: account, options: ["--no-calls"] + TimeoutOption.shortest)
            return (bench, try RunningCommand(["ls", "\(bench.mount.path)/recordings"]))
        }
        for ((bench, listing), answer) in zip(trials, answers) {
            let failed = try listing.wait(seconds: 100)
            #expect(
                failed.end == .exited(2) && failed.text == "" && failed.errorText.contains("Input/output error"),
                "\(answer): \(failed.text)\(failed.errorText)")
            #expect(bench.mount.hasLogged("the list of voice recordings failed"), "\(bench.mount.log)")
            bench.account.clearFaults()
        }
        for (bench, _) in trials {
            let isBack = try eventually(within: 60) {
                try Command.run(["ls", "recordings"], directory: bench.mount.path).lines.count == 3
            }
            #expect(isBack, "\(bench.mount.log)")
        }
    }
}
