import Support
import TestSupport
import Testing

@Suite("Single flight", .orderly)
struct SingleFlightTests {
    private typealias Flight = SingleFlight<String, Int>

    @Test("The first starts the work, the others wait, and all are served in their order")
    func sharing() {
        var flight = Flight()
        #expect(flight.join(1, for: "a") == true)
        #expect(flight.join(2, for: "a") == false)
        #expect(flight.join(3, for: "a") == false)
        #expect(flight.isUnderWay("a"))
        #expect(flight.complete("a") == [1, 2, 3])
        #expect(!flight.isUnderWay("a"))
    }

    @Test("Each key has work of its own")
    func keys() {
        var flight = Flight()
        #expect(flight.join(1, for: "a") == true)
        #expect(flight.join(2, for: "b") == true)
        #expect(flight.complete("b") == [2])
        #expect(flight.isUnderWay("a") && !flight.isUnderWay("b"))
        #expect(flight.complete("c").isEmpty)
    }

    @Test("A result for all keys serves those who wait, while the work for the other keys goes on for later ones")
    func serveAll() {
        var flight = Flight()
        flight.join(1, for: "a")
        flight.join(2, for: "b")
        #expect(flight.complete("a") == [1])
        #expect(flight.serveAll() == [2])
        #expect(flight.isUnderWay("b") && flight.serveAll().isEmpty)
        #expect(flight.join(3, for: "b") == false)
        #expect(flight.complete("b") == [3])
    }

    @Test("After the end, the next one starts again")
    func again() {
        var flight = Flight()
        flight.join(1, for: "a")
        #expect(flight.complete("a") == [1])
        #expect(flight.complete("a").isEmpty)
        #expect(flight.join(2, for: "a") == true)
        #expect(flight.complete("a") == [2])
    }

    @Test("A more urgent one goes ahead, one that isn't doesn't, and the first result serves all")
    func urgency() {
        var flight = Flight()
        #expect(flight.join(1, for: "a", urgency: 1) == true)
        #expect(flight.join(2, for: "a", urgency: 2) == true)
        #expect(flight.join(3, for: "a", urgency: 2) == false)
        #expect(flight.join(4, for: "a", urgency: 0) == false)
        #expect(flight.complete("a", urgency: 2) == [1, 2, 3, 4])
        // The slower work goes on, and serves those who have come since.
        #expect(flight.isUnderWay("a"))
        #expect(flight.join(5, for: "a", urgency: 1) == false)
        #expect(flight.complete("a", urgency: 1) == [5])
        #expect(!flight.isUnderWay("a"))
    }

    @Test("A failure is for the waiters only when no other work can still succeed")
    func failures() {
        var flight = Flight()
        flight.join(1, for: "a", urgency: 0)
        flight.join(2, for: "a", urgency: 1)
        #expect(flight.complete("a", urgency: 0, isUsable: false).isEmpty)
        // What has failed is started again only for somebody more urgent than what is under way.
        #expect(flight.join(3, for: "a", urgency: 0) == false)
        #expect(flight.complete("a", urgency: 1, isUsable: false) == [1, 2, 3])
    }

    @Test("Whatever happens, each waiter is served exactly once")
    func everybody() {
        var generator = SeededGenerator(seed: 11)
        var flight = Flight()
        var underWay: Set<Int> = []
        var served: [Int] = []
        var joined = 0
        for _ in 0..<2000 {
            if Bool.random(using: &generator) {
                joined += 1
                let urgency = Int.random(in: 0..<3, using: &generator)
                let mustStart = flight.join(joined, for: "a", urgency: urgency)
                #expect(mustStart == underWay.allSatisfy { $0 < urgency })
                if mustStart { underWay.insert(urgency) }
            } else if let urgency = underWay.randomElement(using: &generator) {
                underWay.remove(urgency)
                let isUsable = Bool.random(using: &generator)
                let waiters = flight.complete("a", urgency: urgency, isUsable: isUsable)
                #expect(isUsable || underWay.isEmpty || waiters.isEmpty)
                served += waiters
            }
        }
        for urgency in underWay { served += flight.complete("a", urgency: urgency) }
        #expect(served == Array(1...max(1, joined)))
        #expect(!flight.isUnderWay("a"))
    }
}
