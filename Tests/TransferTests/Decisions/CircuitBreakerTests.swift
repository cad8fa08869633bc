import FoundationEssentials
import Support
import TestSupport
import Testing

@testable import Transfer

@Suite("Hosts that can't be reached", .orderly)
struct CircuitBreakerTests {
    let start = SuspendingClock.now

    private func at(_ seconds: Double) -> SuspendingClock.Instant { start.advanced(by: .seconds(seconds)) }

    private func breaker() throws -> CircuitBreaker {
        CircuitBreaker(origin: try Origin(of: try url("https://api.twilio.com/")))
    }

    /// One that has just opened, at 0 s.
    private func opened() throws -> CircuitBreaker {
        var breaker = try breaker()
        for _ in 0..<3 { breaker.failed("refused", began: start, now: start) }
        return breaker
    }

    /// Asks for admission at a time; returns the decision.
    private func admit(_ breaker: inout CircuitBreaker, _ seconds: Double) -> String {
        guard let outage = breaker.admit(now: at(seconds)) else {
            return breaker.state == .halfOpen(since: at(seconds)) ? "probe" : "attempt"
        }
        return outage.isProbed ? "refusal while probed" : "refusal"
    }

    @Test("Two quick failures change nothing, the third opens it")
    func opens() throws {
        var breaker = try breaker()
        for index in 0..<3 {
            #expect(admit(&breaker, Double(index)) == "attempt")
            breaker.failed("refused", began: at(Double(index)), now: at(Double(index)))
        }
        #expect(breaker.state == .open(until: at(3)) && breaker.failures == 3)
    }

    @Test("A failure that takes as long as three quick ones opens it alone")
    func slow() throws {
        var breaker = try breaker()
        breaker.failed("no connection in time", began: start, now: at(10))
        #expect(breaker.state == .open(until: at(11)))
    }

    @Test("A burst of attempts that fail together is one failure")
    func burst() throws {
        var breaker = try breaker()
        for index in 0..<50 { breaker.failed("refused", began: at(Double(index) / 1000), now: at(0.1)) }
        #expect(breaker.failures == 1 && breaker.state == .closed)
    }

    @Test("It is open for 1, 2, 4 … 60 seconds, with one probe after each")
    func pauses() throws {
        var breaker = try opened()
        var time = 0.0
        var pauses: [Double] = []
        for _ in 0..<9 {
            guard case .open(let until) = breaker.state else {
                Issue.record("it isn't open")
                return
            }
            pauses.append(start.duration(to: until) / .seconds(1) - time)
            time += pauses.last ?? 0
            #expect(admit(&breaker, time - 0.001) == "refusal")
            #expect(admit(&breaker, time) == "probe")
            for late in [0.001, 1.999] { #expect(admit(&breaker, time + late) == "refusal while probed") }
            #expect(admit(&breaker, time + 2) == "refusal")
            // Another one's failure isn't the probe's.
            breaker.failed("refused", began: at(time - 5), now: at(time + 2.5))
            #expect(breaker.state == .halfOpen(since: at(time)))
            breaker.failed("silent", began: at(time), now: at(time + 3))
            time += 3
        }
        #expect(pauses.map { $0.rounded() } == [1, 2, 4, 8, 16, 32, 60, 60, 60])
        breaker.succeeded()
        #expect(breaker.isFresh)
        #expect(admit(&breaker, time) == "attempt")
    }

    @Test("It is open for 4 seconds at most while probes fail at once, however long it was open before")
    func quickPauses() throws {
        var breaker = try opened()
        var time = 1.0
        for (duration, pause) in [(0.0625, 2.0), (2.875, 4), (0, 4), (2.875, 4), (3, 8), (5, 16), (0, 4), (3, 8)] {
            #expect(admit(&breaker, time) == "probe")
            breaker.failed("refused", began: at(time), now: at(time + duration))
            time += duration + pause
            #expect(breaker.state == .open(until: at(time)))
        }
    }

    @Test("When nobody wants the probe's result any more, the next attempt is one")
    func abandoned() throws {
        var breaker = try opened()
        #expect(admit(&breaker, 1) == "probe")
        breaker.abandoned(began: at(0.5), now: at(1.1))
        #expect(admit(&breaker, 1.1) == "refusal while probed")
        breaker.abandoned(began: at(1), now: at(1.2))
        #expect(admit(&breaker, 1.2) == "probe")
    }

    @Test("A success closes it in every state, and old failures are forgotten")
    func closes() throws {
        for state in 0..<3 {
            var breaker = state == 0 ? try breaker() : try opened()
            if state == 0 { breaker.failed("refused", began: start, now: start) }
            if state == 2 { _ = breaker.admit(now: at(1)) }
            breaker.succeeded()
            #expect(breaker.isFresh && breaker.outage(now: at(1)) == nil)
        }
        var breaker = try opened()
        #expect(admit(&breaker, 601) == "attempt")
        #expect(breaker.isFresh)
    }

    @Test("The reason and the time until the next attempt are told")
    func message() throws {
        let breaker = try opened()
        let outage = try #require(breaker.outage(now: at(0.2)))
        #expect(outage.since == start)
        let error = outage.error(now: at(0.2))
        #expect(error.code == .hostUnreachable)
        #expect(error.message == "api.twilio.com can't be reached: refused; next attempt in 1 s.")
        // Nothing was sent, or to the host that has redirected here.
        let elsewhere = Address(url: try url("https://elsewhere.example/"))
        for error in [error, error.of(nil), error.of(elsewhere)] { #expect(error.fields["host"] == "api.twilio.com") }
    }

    @Test("The error has the remedy as well, and the time until the next attempt can be left out")
    func remedy() throws {
        var breaker = try breaker()
        let remedy = "Correct HTTPS_PROXY, or name the host in NO_PROXY."
        for _ in 0..<3 { breaker.failed("no proxy", remedy: remedy, began: start, now: start) }
        let outage = try #require(breaker.outage(now: at(0.2)))
        let error = outage.error(now: at(0.2))
        #expect(error.message == "api.twilio.com can't be reached: no proxy; next attempt in 1 s. \(remedy)")
        #expect(error.lastingMessage == "api.twilio.com can't be reached: no proxy. \(remedy)")
    }

    @Test(
        "What a proxy answers to CONNECT is told with what to do",
        arguments: [(407, "USER:PASSWORD"), (403, "NO_PROXY"), (502, "status 502")])
    func proxy(status: Int, words: String) throws {
        let refusal = try #require(ProxyRefusal(status: status))
        #expect("\(refusal.reason). \(refusal.remedy)".contains(words))
        #expect(ProxyRefusal(status: 0) == nil && ProxyRefusal(status: 200) == nil)
    }

    @Test("No more than 64 are remembered, the latest of them")
    func bounded() throws {
        var reachability = Reachability()
        for index in 0..<200 {
            let origin = try Origin(of: try url("https://host-\(index).example/"))
            for _ in 0..<3 {
                _ = reachability.failed(origin, "refused", began: at(Double(index)), now: at(Double(index)))
            }
        }
        #expect(reachability.known.count == 64)
        #expect(reachability.outage(of: try Origin(of: try url("https://host-199.example/")), now: at(199)) != nil)
        #expect(reachability.outage(of: try Origin(of: try url("https://host-0.example/")), now: at(199)) == nil)
    }
}

@Suite("Transfers to hosts that can't be reached", .orderly)
struct OutageTests {
    let start = SuspendingClock.now

    private func at(_ seconds: Double) -> SuspendingClock.Instant { start.advanced(by: .seconds(seconds)) }

    private func outage(age: Double, retryIn seconds: Double, isProbed: Bool = false) throws -> Outage {
        Outage(
            origin: try Origin(of: try url("https://h.example/")), since: at(-age), reason: "refused",
            retryAt: at(seconds), isProbed: isProbed)
    }

    /// A transfer in the queue, at 0 s.
    private func machine(_ patience: Patience) throws -> TransferStateMachine {
        var machine = TransferStateMachine(
            TransferPlan(DownloadRequest(patience: patience)), address: Address(url: try url("https://h.example/a")),
            now: start)
        _ = machine.start(now: start)
        return machine
    }

    @Test(
        "An outage is waited for while it is young, or its end is about to be known, and else fails at once",
        arguments: [
            (0, 1, false, true), (3, 2, false, true), (3, 2.1, false, false), (100, 1, false, false),
            (100, 1, true, true), (0, 46, true, false),
        ])
    func waits(age: Double, retryIn: Double, isProbed: Bool, waits: Bool) throws {
        var machine = try machine(Patience(outage: .seconds(5)))
        let actions = machine.hostIsUnreachable(try outage(age: age, retryIn: retryIn, isProbed: isProbed), now: start)
        if waits {
            #expect(machine.awaitedOrigin?.description == "h.example" && machine.deadline == at(retryIn))
            #expect(machine.timeHasPassed(now: at(retryIn - 0.001)).isEmpty)
            let next = machine.timeHasPassed(now: at(retryIn))
            guard case .perform(let request)? = next.last else {
                Issue.record("\(next)")
                return
            }
            #expect(request.address.url.path == "/a")
        } else {
            guard case .end(.failure(let error))? = actions.last else {
                Issue.record("\(actions)")
                return
            }
            #expect(error.code == .hostUnreachable && machine.deadline == nil)
        }
    }

    @Test(
        "A transfer that waits goes on when the host is there, where it was redirected to, and ends when it is cancelled"
    )
    func goesOn() throws {
        var machine = try machine(.media)
        let here = try url("https://h.example/a")
        machine.exchangeStarted(now: start)
        machine.connected(now: start)
        _ = machine.headArrived(
            ResponseHead(status: 302, headers: HeaderFields([("Location", "/b")]), address: Address(url: here)),
            retryAfter: nil, now: start)
        _ = machine.exchangeEnded(.success(()), keptBody: [], now: start)
        _ = machine.hostIsUnreachable(try outage(age: 0, retryIn: 4), now: start)
        // Still not there: the new outage is what counts.
        _ = machine.hostIsUnreachable(try outage(age: 0, retryIn: 8), now: at(1))
        #expect(machine.deadline == at(8))
        var other = machine
        let actions = machine.hostIsReachable(now: at(2))
        guard case .perform(let request)? = actions.last else {
            Issue.record("\(actions)")
            return
        }
        #expect(request.address.url.path == "/b")
        guard case .end(.failure(let error))? = other.cancel().last else {
            Issue.record("it goes on")
            return
        }
        #expect(error.code == .cancelled)
    }

    @Test("The longest patience ends the waiting")
    func givesUp() throws {
        var machine = try machine(Patience(giveUp: .seconds(2)))
        let actions = machine.hostIsUnreachable(try outage(age: 0, retryIn: 3), now: start)
        guard case .end(.failure(let error))? = actions.last else {
            Issue.record("\(actions)")
            return
        }
        #expect(error.code == .hostUnreachable)
    }
}
