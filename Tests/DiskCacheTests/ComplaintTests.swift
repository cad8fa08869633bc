import TestSupport
import Testing

@testable import DiskCache

@Suite("What the log tells of a failing disk cache", .orderly)
struct ComplaintTests {
    private let start = ContinuousClock.now

    @Test("A failure is told once until everything works, and whether the end is told follows from that")
    func once() {
        var complaint = Complaint()
        // In this order: the end before any failure, two failures, the end, and once more.
        let told = [
            complaint.end(), complaint.begin(at: start, atLeastAfter: .seconds(30)),
            complaint.begin(at: start + .seconds(100), atLeastAfter: .seconds(30)), complaint.end(), complaint.end(),
        ]
        #expect(told == [false, true, false, true, false])
    }

    @Test("Failures that come and go are told once in a time")
    func flapping() {
        var complaint = Complaint()
        var told: [Int] = []
        for second in 0..<90 {
            if complaint.begin(at: start + .seconds(second), atLeastAfter: .seconds(30)) { told.append(second) }
            // Every other one lasts.
            if second % 2 == 0 { _ = complaint.end() }
        }
        #expect(told == [0, 30, 60])
    }
}
