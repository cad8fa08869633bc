import Logging
import Support
import TestSupport
import Testing

@testable import twiliofs

@Suite("Log lines on their way", .orderly)
struct LogQueueTests {
    /// What was written, and whether writing goes on.
    private struct Written {
        var texts: [String] = []
        var lostCount = 0
        var isReading = false
    }

    @Test("They are written in their order, and those that find no room are counted")
    func bounded() throws {
        let written = Condition(Written())
        let queue = LogQueue { entries, lostCount in
            written.waitUntil(timeout: .seconds(30)) { $0.isReading }
            written.change { written in
                written.texts += entries.map(\.text)
                written.lostCount += lostCount
            }
        }
        let filling = String(repeating: "x", count: 1000)
        for number in 0..<5000 { queue.add(LogQueue.Entry(text: "\(number) \(filling)", level: .info)) }
        queue.flush(within: .milliseconds(10))
        #expect(written.change { $0.texts.isEmpty }, "nobody reads, and nobody waits for that")
        written.change { $0.isReading = true }
        queue.flush(within: .seconds(30))
        let result = written.change { $0 }
        let numbers = result.texts.compactMap { $0.split(separator: " ").first.flatMap { Int($0) } }
        // There is a gap where the writing thread came late.
        #expect(numbers.first == 0 && numbers == Set(numbers).sorted())
        #expect(numbers.count > 900 && numbers.count < 2500)
        #expect(result.lostCount == 5000 - numbers.count)
        queue.add(LogQueue.Entry(text: "last", level: .info))
        queue.flush(within: .seconds(30))
        #expect(written.change { $0.texts.last } == "last")
    }
}
