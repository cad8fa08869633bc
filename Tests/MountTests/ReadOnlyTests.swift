import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Nothing can be changed", .orderly, .needsFUSE)
struct ReadOnlyTests {
    @Test("Every operation that would write is refused with EROFS")
    func everyOperation() throws {
        let bench = try MountBench()
        let result = try Python.run("try_writes", bench.mount.path, bench.path("long.wav"))
        #expect(result.text == "")
        #expect(try bench.mount.differences(from: bench.account) == [])
    }

    @Test("A mount that was remounted writable refuses them all the same", .enabled(if: getuid() == 0, "needs root"))
    func remountedWritable() throws {
        let bench = try MountBench()
        try Command.require(["mount", "-i", "-o", "remount,rw", bench.mount.path])
        let mounts = try Command.require(["findmnt", "-no", "OPTIONS", bench.mount.path]).text
        #expect(mounts.hasPrefix("rw"), "the kernel lets requests through now")
        let result = try Python.run("try_writes", bench.mount.path, bench.path("long.wav"))
        #expect(result.text == "")
        #expect(try bench.mount.differences(from: bench.account) == [])
    }

    @Test("It is always nosuid, nodev and noexec, also for root")
    func flags() throws {
        let bench = try MountBench(options: ["-o", "ro,nosuid"])
        let table = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
        let line = try #require(table.split(separator: "\n").first { $0.contains(" \(bench.mount.path) ") })
        let flags = Set(line.split(separator: " ")[5].split(separator: ","))
        #expect(flags.isSuperset(of: ["ro", "nosuid", "nodev", "noexec"]), "\(line)")
    }
}
