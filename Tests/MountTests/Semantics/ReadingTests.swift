import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("Opening and reading", .orderly, .needsFUSE)
struct ReadingTests {
    @Test("Reads end at the end of the file, and seeking finds it")
    func end() throws {
        let bench = try MountBench()
        for name in ["long.wav", "long.mkv", "blocks.mp4", "old.wav"] {
            let original = try bench.account.original(name)
            #expect(try Python.run("read_to_the_end", bench.mount.path(of: original), original.file.path).text == "")
        }
    }

    @Test("Reading with O_DIRECT gives the original's bytes, wherever it begins")
    func direct() throws {
        let bench = try MountBench()
        for name in ["long.wav", "long.mkv", "old.wav", "one.mka"] {
            let original = try bench.account.original(name)
            for (block, offset) in [(131_072, 0), (4096, 4096), (1000, 1), (1 << 20, 12_345)] {
                try Command.shell(
                    #"""
                    dd if="$1" iflag=direct,skip_bytes bs="$3" skip="$4" status=none >"$5"
                    tail -c "+$(($4 + 1))" "$2" | cmp - "$5"
                    """#, bench.mount.path(of: original), original.file.path, "\(block)", "\(offset)",
                    TemporaryFolder().path("copy"))
            }
        }
    }

    @Test("The kernel's second attempt at a failed read has the answer of the first")
    func secondAttempt() throws {
        let bench = try MountBench(options: ["--no-probing", "--cache-size", "0"])
        let original = try bench.account.original("long.mkv")
        let path = bench.mount.path(of: original)
        try Command.require(["stat", path])
        let pattern = original.file.mediaPattern(sid: original.sid)
        bench.account.simulator.faults = [FaultRule(.status(400), host: .media, path: pattern)]
        let failures = { () -> Int in
            bench.mount.log.split(separator: "\n").filter { $0.contains("errno=EIO") && $0.contains(original.sid) }
                .count
        }
        for attempt in 1...3 {
            bench.account.clearRequests()
            #expect(try Command.run(["cat", path]).end == .exited(1))
            #expect(!bench.account.mediaRequests.isEmpty, "each read of a program starts anew")
            #expect(eventually { failures() >= attempt })
        }
        // Each read-ahead that fails is a failure of its own, but not each of the kernel's second attempts.
        #expect(failures() < 2 * 3, "\(bench.mount.log)")
        bench.account.clearFaults()
        try bench.mount.expectRight(original)
    }
}
