import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@Suite("Waiting", .orderlyAndLong, .needsFUSE)
struct WaitingTests {
    /// Has no host send anything more.
    private static func stall(_ account: SimulatedAccount) {
        account.simulator.faults = [
            FaultRule(.stall(afterBytes: 0), host: .api), FaultRule(.stall(afterBytes: 0), host: .media),
        ]
    }

    @Test("What is known never waits for the network")
    func known() throws {
        let bench = try MountBench(options: ["--no-probing", "--refresh", "0", "--no-calls"])
        try bench.shell("find . -type f -exec stat {} + >/dev/null; ls -R . >/dev/null")
        try wait(until: "nothing is requested any more") {
            let count = bench.account.requests.count
            usleep(200_000)
            return bench.account.requests.count == count
        }
        Self.stall(bench.account)
        let unread = try RunningCommand(["cat", bench.path("long.wav")])
        try wait(until: "a read stalls") { bench.account.requests.contains { $0.fault != nil } }
        bench.account.clearRequests()
        try bench.shell(
            #"""
            df . && stat -f . && ls -lR . && find . -type f -exec stat -L {} + && cat metadata/*/*.json
            find . -type l -exec readlink {} + && getfattr -R -d recordings video-recordings
            cat .twiliofs/status.json .twiliofs/metrics
            """#)
        try Command.require([BuiltPrograms.twiliofs, "status", bench.mount.path])
        // The reader that waits has more fetched ahead.
        let others = try bench.account.requests.filter { request in
            try !request.path.contains(bench.account.original("long.wav").sid)
        }
        #expect(others.isEmpty, "\(others)")
        #expect(unread.isRunning)
        try Command.require([BuiltPrograms.twiliofs, "unmount", "--lazy", bench.mount.path])
        #expect(try bench.mount.unmount().end == .exited(0))
    }

    @Test("A host that is known to be down delays lists, sizes and openings by two seconds, and reading by twenty")
    func down() throws {
        let account = try SimulatedAccount(media: TestMedia.small) {
            $0.generatedRecordings = 4000
            $0.behaviour.pageSizeLimit = 10
        }
        let (known, unknown) = (try account.original("long.mkv"), try account.original("blocks.mp4"))
        // The survey of keys can't learn this size before the host is down.
        account.simulator.faults = [FaultRule(.status(503), path: "*\(unknown.sid)*")]
        let mount = try MountedAccount(
            account, options: ["--no-probing", "--cache-size", "0", "--refresh", "0", "--no-calls"])
        try Command.shell("ls video-recordings compositions", directory: mount.path)
        try Command.require(["stat", mount.path(of: known)])
        account.simulator.behaviour.latencyMilliseconds = 1000
        let list = try RunningCommand(["ls", "\(mount.path)/recordings"])
        try wait(until: "the list is being fetched") {
            account.requests.contains { $0.path.hasSuffix("/Recordings.json") && $0.status == nil }
        }
        account.stop()
        // Since it is tried again at most three times before it counts as down, these are soon all in that state.
        let reader = try RunningCommand(["cat", mount.path(of: known)])
        let others = try [["stat", mount.path(of: unknown)], ["cat", mount.path(of: unknown)]].map {
            try RunningCommand($0)
        }
        for other in others + [list] {
            let result = try other.wait()
            #expect(result.end != .exited(0) && result.errorText.contains("Input/output error"), "\(result)")
        }
        #expect(reader.isRunning, "\(mount.log)")
        // At once, from now on.
        for _ in 0..<10 { #expect(try Command.run(["stat", mount.path(of: unknown)]).end == .exited(1)) }
        #expect(reader.isRunning, "\(mount.log)")
        reader.kill()
    }

    @Test("No process is in uninterruptible sleep for longer than the deadline")
    func sleeping() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let originals = try ["long.wav", "long.mkv", "old.wav", "blocks.mp4"].map { try account.original($0) }
        // The survey of keys can't learn the last one's size before everything stalls.
        account.simulator.faults = [FaultRule(.status(503), path: "*\(originals[3].sid)*")]
        let mount = try MountedAccount(
            account, options: ["--no-probing", "--cache-size", "0", "--refresh", "0"] + TimeoutOption.shortest)
        try Command.shell("ls video-recordings compositions; stat recordings/*", directory: mount.path)
        let paths = originals.map { mount.path(of: $0) }
        try Command.require(["stat", paths[1]])
        Self.stall(account)
        let commands = [
            ["cat", paths[0]], ["dd", "if=\(paths[1])", "iflag=direct", "of=/dev/null", "status=none"],
            Python.words("map_until_fault", [paths[2]]), Python.words("map_until_fault", [paths[1]]),
            ["stat", paths[3]],
            ["cat", paths[3]], ["tail", "-c", "10", paths[1]],
        ]
        let readers = try commands.map { try RunningCommand($0) }
        var since: [Int32: ContinuousClock.Instant] = [:]
        var longest = Duration.zero
        let hasEnded = eventually(within: 100) {
            for reader in readers where Self.state(reader.processID) == "D" {
                let start = since[reader.processID] ?? .now
                since[reader.processID] = start
                longest = max(longest, .now - start)
            }
            for reader in readers where Self.state(reader.processID) != "D" { since[reader.processID] = nil }
            return readers.allSatisfy { !$0.isRunning }
        }
        #expect(hasEnded, "\(readers.filter(\.isRunning).count) wait")
        #expect(longest < .seconds(100), "\(longest)")
        for (command, reader) in zip(commands, readers) {
            #expect(try reader.wait().end != .exited(0), "\(command)")
        }
        // One that waits can be killed, whatever it waits for.
        for command in commands {
            let reader = try RunningCommand(command)
            usleep(100_000)
            reader.kill()
            #expect(!reader.isRunning, "\(command)")
        }
    }

    /// The state of a process, a letter as in proc(5); nil when it has ended.
    private static func state(_ processID: Int32) -> Substring? {
        ProcessFiles(processID).text("stat")?.split(separator: ")").last?.split(separator: " ").first
    }

    @Test("Signals that don't end a program don't break its reads")
    func signals() throws {
        let bench = try MountBench(options: ["--no-probing", "--cache-size", "0"]) {
            $0.behaviour.latencyMilliseconds = 150
        }
        let files = try ["long.wav", "long.mkv", "blocks.mp4"].map { try bench.account.original($0) }
        let words = files.flatMap { [bench.mount.path(of: $0), $0.file.path] }
        let lines = try Python.run("read_under_signals", words).lines
        #expect(lines.count == 1 && (lines.first.flatMap { Int($0) } ?? 0) > 0, "\(lines)")
    }
}
