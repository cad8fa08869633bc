import FoundationEssentials
import Support
import TestSupport
import Testing

@testable import Transfer

/// A service with presigned addresses that live briefly, shared by many downloads, and with failures of all kinds.
private final class BriefAddresses {
    enum Form: CaseIterable {
        /// The address tells its lifetime, and S3 tells that it has expired.
        case both
        /// The address alone tells it: CloudFront refuses without a reason.
        case toldByAddress
        /// The answer alone tells it.
        case toldByAnswer
    }

    private static let expired = Array(
        "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>".utf8)
    private static let denied = Array("<Error><Code>AccessDenied</Code><Message>Access denied</Message></Error>".utf8)

    private let form: Form
    private let lifetime: Int
    private var generator: SeededGenerator
    private let clock: Locked<SuspendingClock.Instant>
    private let start: SuspendingClock.Instant
    private var expiries: [SuspendingClock.Instant] = []
    private var current: Address?
    private(set) var expiredCount = 0

    init(_ form: Form, lifetime: Int, seed: UInt64, _ simulation: Simulation) {
        self.form = form
        self.lifetime = lifetime
        generator = SeededGenerator(seed: seed)
        (clock, start) = (simulation.clock, simulation.start)
    }

    private var now: SuspendingClock.Instant { clock.withLock { $0 } }

    func provide(replacing refused: Address?) -> Result<Address, any Error> {
        // Another download may have asked for the address that this one gets, any time ago.
        if let current, current != refused, !current.isStale(now: now) { return .success(current) }
        let age = refused == nil ? Duration.milliseconds(Int64.random(in: 0...1500, using: &generator)) : .zero
        let seconds = Int64(start.duration(to: now) / .seconds(1))
        let date = "20261121T09\(String(10 + seconds / 60))\(seconds % 60 < 10 ? "0" : "")\(seconds % 60)Z"
        let query = form == .toldByAnswer ? "" : "?X-Amz-Date=\(date)&X-Amz-Expires=\(lifetime)"
        let http = "Sat, 21 Nov 2026 09:\(date.dropFirst(11).prefix(2)):\(date.dropFirst(13).prefix(2)) GMT"
        expiries.append(now.advanced(by: .seconds(lifetime) - age))
        return Result {
            let address = try address("https://s3.example/\(expiries.count - 1)\(query)")
                .aging(by: HeaderFields([("Date", http)]), now: now)
            current = address
            return address
        }
    }

    func answer(_ request: ExchangeRequest) -> Simulation.Answer {
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<20: return .response(503, [], [], .complete)
        case 20..<30: return .response(429, [], [], .complete)
        case 30..<35: return .failure(.connectionLost)
        case 35..<45: return serve(request, cut: Int.random(in: 0..<300, using: &generator), .broken)
        default: break
        }
        guard let number = Int(request.address.url.lastPathComponent), now < expiries[number] else {
            expiredCount += 1
            return .response(403, [], form == .toldByAddress ? Self.denied : Self.expired, .complete)
        }
        return serve(request)
    }
}

@Suite("Addresses that expire", .orderly)
struct ExpiringAddressTests {
    @Test(
        "An address that has expired is never final: failures, queues and addresses of a second or two",
        arguments: BriefAddresses.Form.allCases)
    fileprivate func neverFinal(form: BriefAddresses.Form) throws {
        var expired = 0
        for seed in 0..<200 {
            let plan = TransferPlan(DownloadRequest(range: .bytes(40..<260), expectedEntityTag: nil))
            var simulation = Simulation(plan, seed: UInt64(seed))
            simulation.latency = .milliseconds(60)
            simulation.queueing = .milliseconds(seed % 5 * 200)
            let service = BriefAddresses(form, lifetime: 1 + seed % 2, seed: UInt64(seed), simulation)
            simulation.run(
                source: { service.provide(replacing: $0) }, server: { request, _ in service.answer(request) })
            #expect(simulation.isSuccess, "seed \(seed): \(simulation.results)")
            #expect(simulation.bytes == Array(simulatedResource[40..<260]), "seed \(seed)")
            expired += service.expiredCount
        }
        // The test is of no use without.
        #expect(expired > 5)
    }

    @Test("A host that takes every address for expired is asked until the end of patience, ever more rarely")
    func expiredForGood() throws {
        let here = try address()
        var simulation = Simulation(TransferPlan(DownloadRequest(patience: .media)))
        simulation.latency = .milliseconds(10)
        simulation.run(source: { _ in .success(here) }) { _, _ in
            .response(403, [], Array("<Error><Message>Request has expired</Message></Error>".utf8), .complete)
        }
        #expect(simulation.error?.code == .deadlineExceeded && simulation.error?.status == 403)
        #expect(simulation.elapsed > Patience.media.giveUp / 2 && simulation.elapsed <= Patience.media.giveUp)
        #expect((5..<100).contains(simulation.requests.count))
        #expect(simulation.refused.count == simulation.requests.count)
    }

    @Test("A refusal that isn't an expiry, of an address that is fresh, is final after two more addresses")
    func refusal() throws {
        for fields in ["", "?X-Amz-Date=20261121T090000Z&X-Amz-Expires=3600"] {
            let plain = try address("https://s3.example/x\(fields)")
            var simulation = Simulation(TransferPlan(DownloadRequest(patience: .media)))
            let clock = simulation.clock
            simulation.run(
                source: { _ in
                    .success(
                        plain.aging(
                            by: HeaderFields([("Date", "Sat, 21 Nov 2026 09:00:00 GMT")]), now: clock.withLock { $0 }))
                }, server: { _, _ in .response(403, [], Array("no".utf8), .complete) })
            #expect(simulation.error?.code == .status && simulation.requests.count == 3)
        }
    }

    @Test("An address that ages in the queue, or while a failure is waited out, isn't used any more")
    func agesUnused() throws {
        for queueing in [Duration.seconds(2), .zero] {
            let plan = TransferPlan(DownloadRequest(patience: Patience(firstBackoff: .seconds(4))))
            var simulation = Simulation(plan, seed: 3)
            simulation.queueing = queueing
            let clock = simulation.clock
            var count = 0
            simulation.run(
                source: { _ in
                    count += 1
                    return Result {
                        try address("https://s3.example/\(count)?X-Amz-Date=20261121T090000Z&X-Amz-Expires=3")
                            .aging(
                                by: HeaderFields([("Date", "Sat, 21 Nov 2026 09:00:00 GMT")]),
                                now: clock.withLock { $0 })
                    }
                },
                server: { request, index in
                    index == 0 && queueing == .zero
                        ? .response(503, [("Retry-After", "3")], [], .complete) : serve(request)
                })
            #expect(simulation.isSuccess)
            // Where each waits longer than it lives, one is used at last.
            #expect(
                simulation.requests.map { $0.address.url.lastPathComponent }
                    == (queueing == .zero ? ["1", "2"] : ["3"]))
        }
    }

    @Test("A source whose own patience ends is asked again by who has some left, and any other error is final")
    func sourceGivesUp() throws {
        let here = try address()
        for code in [TransferError.Code.deadlineExceeded, .status] {
            var simulation = Simulation(TransferPlan(DownloadRequest(patience: .short)))
            var isFirst = true
            simulation.run(
                source: { _ in
                    defer { isFirst = false }
                    return isFirst ? .failure(TransferError(code, "Simulated.")) : .success(here)
                }, server: { request, _ in serve(request) })
            #expect(simulation.isSuccess == (code == .deadlineExceeded))
            if code == .status { #expect(simulation.error?.code == .addressUnavailable) }
        }
    }

    @Test(
        "What an address tells of its lifetime is read, and anything else tells nothing",
        arguments: [
            ("X-Amz-Date=20261121T090000Z&X-Amz-Expires=3600", 3589),
            ("x-amz-date=20261121T090000Z&X-AMZ-EXPIRES=30", 26),
            ("X-Goog-Date=20261121T085950Z&X-Goog-Expires=60", 44), ("Expires=1795251630&Signature=x", 26),
            ("X-Amz-Date=20261121T090000Z&X-Amz-Expires=1", 0), ("X-Amz-Date=20261121T080000Z&X-Amz-Expires=100", 89),
            ("X-Amz-Date=20261121T100000Z&X-Amz-Expires=100", 89), ("Expires=1795251000", nil), ("Expires=0", nil),
            ("", nil), ("X-Amz-Expires=60", nil), ("X-Amz-Date=20261121T090000Z&X-Amz-Expires=-1", nil),
            ("X-Amz-Date=20261121T090000Z&X-Amz-Expires=99999999999999999999", nil),
            ("X-Amz-Date=20261121T090000Z&X-Amz-Expires=999999999", nil), ("X-Amz-Date=soon&X-Amz-Expires=60", nil),
            ("X-Amz-Date=2026112\u{0661}T090000Z&X-Amz-Expires=60", nil), ("Expires=9e9", nil),
            ("Expires=9223372036854775807", nil), ("X-Amz-Date=20261341T256199Z&X-Amz-Expires=60", nil),
        ] as [(String, Int?)])
    func reads(query: String, seconds: Int?) throws {
        let now = SuspendingClock.now
        let address = try address("https://s3.example/x?\(query)")
            .aging(by: HeaderFields([("Date", "Sat, 21 Nov 2026 09:00:00 GMT")]), now: now)
        let left = address.staleAt.map { now.duration(to: $0) }
        // A server's clock, not this machine's, is what counts; it is right to a second.
        #expect(left.map { Int(($0 / .seconds(1)).rounded()) } == seconds)
    }

    @Test("A redirect of an hour ago isn't a presigned address of this hour: its own Date counts")
    func redirected() throws {
        let own = try address("https://api.example/x.wav")
        let target = "https://s3.example/x?X-Amz-Date=20261121T090000Z&X-Amz-Expires=3600"
        let now = SuspendingClock.now
        for (date, left) in [("09:00:00", 3589), ("09:59:00", 53), ("10:30:00", 3589)] {
            let fields = HeaderFields([("Date", "Sat, 21 Nov 2026 \(date) GMT")])
            let there = try own.redirected(to: target, by: fields, now: now)
            #expect(there.staleAt.map { Int((now.duration(to: $0) / .seconds(1)).rounded()) } == left, "\(date)")
            #expect(!there.isStale(now: now) && there.isStale(now: now.advanced(by: .seconds(3600))))
        }
    }
}
