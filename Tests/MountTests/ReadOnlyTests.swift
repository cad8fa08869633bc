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
}
