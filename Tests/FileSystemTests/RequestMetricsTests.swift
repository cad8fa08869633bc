import FileTree
import MetricsTestKit
import TestSupport
import Testing

@testable import FileSystem

@Suite("What is counted and measured of the kernel's requests", .orderly)
struct RequestMetricsTests {
    @Test("Errors are counted by their name, each that there is")
    func errors() {
        let counted = TestMetrics()
        let metrics = RequestMetrics(counted)
        func count(_ name: String) -> Int64 {
            counted.counterTotal(label: "system_errors_total", dimensions: [("errno", name)])
        }
        for code in [RequestErrorCode.deadline, .tree(.inputOutput), .smallBuffer] {
            metrics.count(ErrorAnswer(code).number)
        }
        #expect(count("EIO") == 2 && count("ERANGE") == 1)
        #expect(counted.counterTotal(label: "system_errors_total") == 3)
        for code in RequestErrorCode.allCases { metrics.count(ErrorAnswer(code).number) }
        #expect(counted.counterTotal(label: "system_errors_total") == 3 + Int64(RequestErrorCode.allCases.count))
    }

    @Test("Each operation has a time of its own, under a name that no other has")
    func operations() throws {
        let measured = TestMetrics()
        let metrics = RequestMetrics(measured)
        for operation in Operation.allCases { metrics.answered(operation, since: RequestMetrics.now - 1_000_000) }
        let timers = measured.timers(label: "fuse_request_duration_seconds")
        #expect(Set(timers.flatMap { $0.dimensions.map(\.1) }) == Set(Operation.allCases.map(\.name)))
        #expect(timers.count == Operation.allCases.count)
        #expect(
            timers.allSatisfy { $0.values.count == 1 && $0.values[0] >= 1_000_000 && $0.values[0] < 100_000_000_000 })
        #expect(Operation.read.name == "read" && Operation.getAttributes.name == "getattr")
    }
}
