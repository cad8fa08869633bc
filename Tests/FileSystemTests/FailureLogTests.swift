import FileTree
import Glibc
import Logging
import MetricsTestKit
import Support
import TestSupport
import Testing
import TwilioAPI

@testable import FileSystem

@Suite("The log of requests that fail", .orderly)
struct FailureLogTests {
    private static func note(_ number: Int, in failures: FailureLog) {
        failures.note(
            ErrorAnswer(.deadline),
            of: FailedRequest(operation: .read, inode: InodeNumber(rawValue: UInt64(number)), name: nil, threadID: 5),
            by: nil, reason: "no answer", cause: nil)
    }

    @Test("Who answers a request doesn't wait for the path of its node, and no line is lost")
    func hanging() throws {
        let worker = try WorkerPool(name: "failures", threadCount: 1)
        let (log, isOpen) = (RecordedLog(), Condition(false))
        let failures = FailureLog(worker: worker, metrics: RequestMetrics(TestMetrics()), logger: log.logger) { inode in
            {
                isOpen.waitUntil { $0 }
                return ("path\(inode.rawValue)", nil)
            }
        }
        let noted = Condition(false)
        let thread = try NamedThread(name: "answers") {
            for number in 1...FailureLog.limit { Self.note(number, in: failures) }
            // There is no room for this one, which has no path therefore.
            Self.note(FailureLog.limit + 1, in: failures)
            noted.change { $0 = true }
        }
        try wait(until: "everything is noted while the catalog hangs") { noted.changeQuietly { $0 } }
        #expect(log.events.count == 1 && log.events.allSatisfy { $0.metadata?["path"] == nil })
        isOpen.change { $0 = true }
        #expect(failures.finish())
        thread.join()
        let paths = log.events.dropFirst().map { $0.metadata?["path"].map { "\($0)" } }
        #expect(paths == (1...FailureLog.limit).map { "path\($0)" })
        // After the end of the worker.
        worker.shutDown()
        Self.note(7, in: failures)
        #expect(log.events.last?.metadata?["path"].map { "\($0)" } == "path7")
    }
}
