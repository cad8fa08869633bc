import Support
import TestSupport
import Testing

@Suite("Single flight", .orderly)
struct SingleFlightTests {
    private typealias Flight = SingleFlight<String, Int>

    @Test("The first starts the work, the others wait, and all are served in their order")
    func sharing() {
        var flight = Flight()
        #expect(flight.join(1, for: "a").mustStart)
        #expect(!flight.join(2, for: "a").mustStart)
        #expect(!flight.join(3, for: "a").mustStart)
        #expect(flight.isUnderWay("a"))
        #expect(flight.complete("a") == [1, 2, 3])
        #expect(!flight.isUnderWay("a"))
    }

    @Test("Each key has work of its own")
    func keys() {
        var flight = Flight()
        #expect(flight.join(1, for: "a").mustStart)
        #expect(flight.join(2, for: "b").mustStart)
        #expect(flight.complete("b") == [2])
        #expect(flight.isUnderWay("a") && !flight.isUnderWay("b"))
        #expect(flight.complete("c").isEmpty)
    }

    @Test("After the end, the next one starts again")
    func again() {
        var flight = Flight()
        flight.join(1, for: "a")
        #expect(flight.complete("a") == [1])
        #expect(flight.complete("a").isEmpty)
        #expect(flight.join(2, for: "a").mustStart)
        #expect(flight.complete("a") == [2])
    }

    @Test("A more urgent one goes ahead, one that isn't doesn't, and the first result serves all")
    func urgency() {
        var flight = Flight()
        #expect(flight.join(1, for: "a", urgency: 1).mustStart)
        #expect(flight.join(2, for: "a", urgency: 2).mustStart)
        #expect(!flight.join(3, for: "a", urgency: 2).mustStart)
        #expect(!flight.join(4, for: "a", urgency: 0).mustStart)
        #expect(flight.complete("a", urgency: 2) == [1, 2, 3, 4])
        // The slower work goes on, and serves those who have come since.
        #expect(flight.isUnderWay("a"))
        #expect(!flight.join(5, for: "a", urgency: 1).mustStart)
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
        #expect(!flight.join(3, for: "a", urgency: 0).mustStart)
        #expect(flight.complete("a", urgency: 1, isUsable: false) == [1, 2, 3])
    }

    @Test("A waiter that leaves isn't served, and the last one leaves the work unwanted")
    func leaving() {
        var flight = Flight()
        let first = flight.join(1, for: "a").ticket
        let second = flight.join(2, for: "a").ticket
        var left = flight.leave(first)
        #expect(left?.waiter == 1 && left?.isUnwanted == false)
        #expect(flight.leave(first) == nil)
        left = flight.leave(second)
        #expect(left?.waiter == 2 && left?.isUnwanted == true)
        // The work isn't started twice while it is being stopped.
        #expect(flight.isUnderWay("a"))
        let third = flight.join(3, for: "a")
        #expect(!third.mustStart)
        #expect(flight.complete("a") == [3])
        #expect(flight.leave(third.ticket) == nil)
    }

    @Test("Whatever happens, each waiter is served or leaves exactly once")
    func everybody() {
        var generator = SeededGenerator(seed: 11)
        var flight = Flight()
        var tickets: [Flight.Ticket] = []
        var underWay: Set<Int> = []
        var ended: [Int] = []
        var joined = 0
        for _ in 0..<2000 {
            switch Int.random(in: 0..<3, using: &generator) {
            case 0:
                joined += 1
                let urgency = Int.random(in: 0..<3, using: &generator)
                let (mustStart, ticket) = flight.join(joined, for: "a", urgency: urgency)
                #expect(mustStart == underWay.allSatisfy { $0 < urgency })
                if mustStart { underWay.insert(urgency) }
                tickets.append(ticket)
            case 1:
                guard let urgency = underWay.randomElement(using: &generator) else { continue }
                underWay.remove(urgency)
                let isUsable = Bool.random(using: &generator)
                let served = flight.complete("a", urgency: urgency, isUsable: isUsable)
                #expect(isUsable || underWay.isEmpty || served.isEmpty)
                ended += served
            default:
                if let ticket = tickets.randomElement(using: &generator), let left = flight.leave(ticket) {
                    ended.append(left.waiter)
                }
            }
        }
        for urgency in underWay { ended += flight.complete("a", urgency: urgency) }
        #expect(ended.sorted() == Array(1...max(1, joined)))
        #expect(!flight.isUnderWay("a"))
    }
}
