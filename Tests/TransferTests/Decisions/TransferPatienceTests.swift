import FoundationEssentials
import Support
import TestSupport
import Testing

@testable import Transfer

@Suite("The patience of a transfer", .orderly)
struct TransferPatienceTests {
    private let resource = simulatedResource

    @Test("Waits grow to their bound with full jitter, and a delivered byte makes them small again")
    func backoff() throws {
        let here = try address()
        let patience = Patience(
            stall: .seconds(1), giveUp: .seconds(45), firstBackoff: .milliseconds(200), maximalBackoff: .seconds(5))
        var simulation = Simulation(TransferPlan(DownloadRequest(patience: patience)))
        simulation.run(source: { _ in .success(here) }) { request, index in
            index == 12 ? serve(request, cut: 1, .broken) : index == 14 ? serve(request) : .failure(.cannotConnect)
        }
        #expect(simulation.isSuccess)
        #expect(simulation.waits.count == 14)
        for (number, wait) in simulation.waits.enumerated() {
            let exponent = number < 12 ? number : number - 12
            #expect(
                wait >= .zero && wait <= min(.milliseconds(200) * (1 << exponent), .seconds(5)), "\(number): \(wait)")
        }
        #expect(simulation.waits[5..<12].contains { $0 > .seconds(1) })
    }

    @Test("Patience ends where it says, whatever fails", arguments: 0..<5)
    func patience(kind: Int) throws {
        let here = try address()
        var simulation = Simulation(TransferPlan(DownloadRequest(patience: Patience())), seed: UInt64(kind))
        simulation.run(source: { _ in .success(here) }) { _, _ in
            switch kind {
            case 0: .failure(.nameNotResolved)
            case 1: .response(503, [], [], .complete)
            case 2: .silence
            case 3: .response(302, [("Location", "/x")], [], .stalled)
            default: .response(503, [], [], .stalled)
            }
        }
        #expect(simulation.error?.code == .deadlineExceeded)
        let end = Patience().giveUp
        #expect(simulation.elapsed >= end - .seconds(7) && simulation.elapsed <= end, "\(simulation.elapsed)")
    }

    @Test(
        "Bytes put the end of patience off by what they are worth: 1600 before each stall are enough, a few aren't",
        arguments: [(1, false), (20, false), (1600, true)])
    func progress(count: Int, isEnough: Bool) throws {
        let here = try address()
        let large = pattern(30_000)
        var simulation = Simulation(TransferPlan(DownloadRequest(patience: Patience())))
        simulation.run(source: { _ in .success(here) }) { request, _ in
            serve(request, of: large, cut: count, .stalled)
        }
        if isEnough {
            #expect(simulation.isSuccess && simulation.bytes == large, "\(simulation.results)")
            #expect(simulation.elapsed > .seconds(200), "\(simulation.elapsed)")
        } else {
            #expect(simulation.error?.code == .deadlineExceeded, "\(simulation.results)")
            // What has begun before the end may stall for as long as any other.
            #expect(simulation.elapsed <= Patience().giveUp + .seconds(16), "\(simulation.elapsed)")
        }
    }

    @Test(
        "An answer of which a byte comes now and then is given up like one that stalls, goes on there, and has an end",
        arguments: [true, false], [Duration.milliseconds(20), .milliseconds(500), .seconds(10)])
    func trickles(isDownload: Bool, interval: Duration) throws {
        let here = try address()
        let endless = pattern(100_000)
        let plan = isDownload ? TransferPlan(DownloadRequest()) : TransferPlan(Request(address: here))
        var simulation = Simulation(plan, address: here)
        (simulation.pieceSize, simulation.interval) = (1, interval)
        simulation.run(source: { _ in .success(here) }) { request, _ in serve(request, of: endless) }
        let error = try #require(simulation.error)
        #expect(error.code == .deadlineExceeded && (error.cause as? TransferError)?.code == .stalled, "\(error)")
        #expect(simulation.elapsed < .seconds(240), "\(simulation.elapsed)")
        #expect(simulation.requests.count > 1 && simulation.requests.first?.range == nil)
        guard isDownload else { return }
        #expect(simulation.bytes == Array(endless.prefix(simulation.bytes.count)))
        for request in simulation.requests.dropFirst() {
            guard case .bytes(let range)? = request.range else {
                Issue.record("it begins anew: \(request)")
                return
            }
            #expect(range.lowerBound > 0 && range.lowerBound <= simulation.bytes.count)
        }
    }

    @Test(
        "A slow download isn't given up, nor one that pauses, nor a short one",
        arguments: [
            (20_000, 1, Duration.milliseconds(10)), (20_000, 100, .seconds(1)), (20_000, 1400, .seconds(14)),
            (20, 1, .milliseconds(500)), (2, 1, .seconds(7)),
        ])
    func slow(size: Int, pieceSize: Int, interval: Duration) throws {
        let here = try address()
        let slow = pattern(size)
        var simulation = Simulation(TransferPlan(DownloadRequest()), address: here)
        (simulation.pieceSize, simulation.interval) = (pieceSize, interval)
        simulation.run(source: { _ in .success(here) }) { request, _ in serve(request, of: slow) }
        #expect(simulation.isSuccess && simulation.bytes == slow, "\(simulation.results)")
        #expect(simulation.requests.count == 1)
    }

    @Test(
        "An answer that is collected has its patience, whatever trickles; a long one has more, as a slow link needs",
        arguments: [
            // Bytes a second, bytes, and whether all of them come in time.
            (110, 5_000, true), (110, 20_000, false), (1000, 50_000, true), (1000, 70_000, false),
            (20_000, 2_000_000, true), (10_000, 2_000_000, false),
        ])
    func collected(speed: Int, size: Int, isInTime: Bool) throws {
        let here = try address()
        let body = [UInt8](repeating: 7, count: size)
        var simulation = Simulation(TransferPlan(Request(address: here, bodyLimit: 16 << 20)), address: here)
        (simulation.pieceSize, simulation.interval) = (speed, .seconds(1))
        simulation.run(source: { _ in .success(here) }) { request, _ in serve(request, of: body) }
        #expect(simulation.isSuccess == isInTime, "\(simulation.results) after \(simulation.elapsed)")
        let allowed = Patience().giveUp + .microseconds(50) * size
        #expect(simulation.elapsed <= allowed && simulation.requests.count == 1)
        if !isInTime {
            #expect(simulation.error?.code == .deadlineExceeded)
            #expect(simulation.error?.message.contains("too slow") == true, "\(simulation.results)")
        }
    }

    @Test(
        "Bytes that come again are not progress: a server that always breaks at the same place ends it"
    )
    func noProgress() throws {
        let here = try address()
        var simulation = Simulation(TransferPlan(DownloadRequest(patience: .short)))
        simulation.run(source: { _ in .success(here) }) { _, _ in
            .response(200, [("Content-Length", "300")], Array(resource.prefix(100)), .broken)
        }
        #expect(simulation.error?.code == .deadlineExceeded && simulation.bytes.count == 100)
        var request = Request(address: here)
        request.patience = .short
        var collected = Simulation(TransferPlan(request), address: here)
        collected.run(source: { _ in .success(here) }) { _, _ in
            .response(200, [("Content-Length", "300")], Array(resource.prefix(100)), .broken)
        }
        #expect(collected.error?.code == .deadlineExceeded)
        #expect(collected.elapsed <= Patience.short.giveUp)
    }

    @Test(
        "Waiting for its turn uses up the patience of those that somebody waits for, and not of background work",
        arguments: Priority.allCases)
    func queueing(priority: Priority) throws {
        let here = try address()
        var simulation = Simulation(TransferPlan(DownloadRequest(priority: priority, patience: .short)))
        simulation.queueing = .seconds(60)
        simulation.run(source: { _ in .success(here) }) { request, _ in serve(request) }
        #expect(simulation.isSuccess == (priority == .background))
        if priority != .background { #expect(simulation.error?.code == .deadlineExceeded) }
    }

    @Test(
        "A reader who begins to wait for read-ahead has all of the patience, and one who joins a reader what is left",
        arguments: [Priority.background, .readAhead, .reader])
    func joined(priority: Priority) throws {
        let start = SuspendingClock.now
        let plan = TransferPlan(DownloadRequest(priority: priority))
        var machine = TransferStateMachine(plan, now: start)
        _ = machine.start(now: start)
        _ = machine.addressArrived(.success(try address()), now: start)
        machine.exchangeStarted(now: start)
        machine.connected(now: start)
        let joins = start.advanced(by: .seconds(50))
        let failures = machine.timeHasPassed(now: start.advanced(by: .seconds(15)))
        #expect(failures.count == 2, "it stalls, and is tried again")
        #expect(machine.raise(to: .reader, now: joins).isEmpty)
        let end = (priority == .reader ? start : joins).advanced(by: plan.patience.giveUp)
        let actions = machine.timeHasPassed(now: end.advanced(by: .milliseconds(-1)))
        guard case .perform? = actions.last else {
            Issue.record("it is tried once more: \(actions)")
            return
        }
        #expect(machine.deadline == end)
        guard case .end(.failure(let error))? = machine.timeHasPassed(now: end).last else {
            Issue.record("it has to end")
            return
        }
        #expect(error.code == .deadlineExceeded)
    }

    @Test("A raised transfer whose source hasn't answered asks it again, since its request may be one that can wait")
    func raisedWhileAsking() throws {
        let now = SuspendingClock.now
        var machine = TransferStateMachine(TransferPlan(DownloadRequest(priority: .readAhead)), now: now)
        _ = machine.start(now: now)
        let actions = machine.raise(to: .reader, now: now)
        guard case .askForAddress(nil)? = actions.first, actions.count == 1 else {
            Issue.record("\(actions)")
            return
        }
        let first = machine.addressArrived(.success(try address()), now: now)
        #expect(first.count == 1)
        #expect(machine.addressArrived(.success(try address()), now: now).isEmpty, "the second answer is of no effect")
        #expect(machine.raise(to: .background, now: now).isEmpty && machine.plan.priority == .reader)
    }
}
