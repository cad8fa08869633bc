import FileTree
import Glibc
import MetricsTestKit
import TestSupport
import Testing

@testable import FileSystem

@Suite("The connection to the kernel without a mount", .orderly)
struct KernelConnectionTests {
    /// How many threads of a connection this process has, by name; those of other tests are among them.
    private static var threads: [String: Int] {
        var counts = ["deadlines": 0, "notices-0": 0, "failures-0": 0]
        for name in ProcessFiles(getpid()).threads where counts[name] != nil { counts[name, default: 0] += 1 }
        return counts
    }

    @Test("No request waits, a change is reported to nobody, and the threads end, also when they are ended twice")
    func unmounted() throws {
        let before = Self.threads
        let kernel = try KernelConnection(metrics: TestMetrics(), logger: .silent)
        #expect(eventually { Self.threads.allSatisfy { $1 > before[$0, default: 0] } })
        kernel.expire([InodeNumber(rawValue: 1)])
        #expect(kernel.waitingRequests == 0)
        kernel.shutDownUnlessMounted()
        kernel.shutDownUnlessMounted()
        #expect(eventually { Self.threads.allSatisfy { $1 <= before[$0, default: 0] } })
        kernel.expire([InodeNumber(rawValue: 1)])
    }
}
