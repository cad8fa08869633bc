import Glibc
import TestSupport
import Testing

@Suite("Programs that tests start", .orderly)
struct SpawningTests {
    @Test("A program has no descriptors of other tests, however many there are")
    func descriptors() throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        // Without O_CLOEXEC, and at the end of what there can be.
        let highest = Int32(clamping: min(limit.rlim_cur, 1 << 16)) - 1
        #expect(dup2(STDIN_FILENO, highest) == highest)
        defer { close(highest) }
        // The fourth is that of the folder which `ls` reads.
        #expect(try Command.run(["ls", "/proc/self/fd"]).lines == ["0", "1", "2", "3"])
    }
}
