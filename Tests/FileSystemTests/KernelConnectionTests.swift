import FileTree
import Foundation
import MetricsTestKit
import TestSupport
import Testing

@testable import FileSystem

@Suite("The connection to the kernel without a mount", .orderly)
struct KernelConnectionTests {
    private static let threads: Set = ["deadlines", "notices-0"]

    /// The names of this process's threads.
    private static func threadNames() throws -> Set<String> {
        let tasks = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")
        let names = tasks.compactMap { try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8) }
        return Set(names.map { $0.trimmingCharacters(in: .newlines) })
    }

    @Test("No request waits, a change is reported to nobody, and the threads end, also when they are ended twice")
    func unmounted() throws {
        let kernel = try KernelConnection(metrics: TestMetrics(), logger: .silent)
        #expect(try eventually { try Self.threads.isSubset(of: Self.threadNames()) })
        kernel.expire([InodeNumber(rawValue: 1)])
        #expect(kernel.waitingRequests == 0)
        kernel.shutDownUnlessMounted()
        kernel.shutDownUnlessMounted()
        #expect(try eventually { try Self.threads.isDisjoint(with: Self.threadNames()) })
        kernel.expire([InodeNumber(rawValue: 1)])
    }
}
