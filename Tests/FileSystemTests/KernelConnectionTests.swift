import FileTree
import Glibc
import MetricsTestKit
import TestSupport
import Testing

@testable import FileSystem

@Suite("The connection to the kernel without a mount", .orderly)
struct KernelConnectionTests {
    private static let threads: Set = ["deadlines", "notices-0"]

    /// The names of this process's threads.
    private static var threadNames: Set<String> { Set(ProcessFiles(getpid()).threads) }

    @Test("No request waits, a change is reported to nobody, and the threads end, also when they are ended twice")
    func unmounted() throws {
        let kernel = try KernelConnection(metrics: TestMetrics(), logger: .silent)
        #expect(eventually { Self.threads.isSubset(of: Self.threadNames) })
        kernel.expire([InodeNumber(rawValue: 1)])
        #expect(kernel.waitingRequests == 0)
        kernel.shutDownUnlessMounted()
        kernel.shutDownUnlessMounted()
        #expect(eventually { Self.threads.isDisjoint(with: Self.threadNames) })
        kernel.expire([InodeNumber(rawValue: 1)])
    }
}
