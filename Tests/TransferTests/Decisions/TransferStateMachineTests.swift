import FoundationEssentials
import Support
import TestSupport
import Testing

@testable import Transfer

@Suite("A transfer's decisions", .orderly)
struct TransferStateMachineTests {
    let resource = pattern(300)

    private func address(_ text: String = "http://127.0.0.1/media", credentials: (any CredentialProvider)? = nil) throws
        -> Address
    {
        Address(url: try url(text), credentials: credentials)
    }

    /// Answers as a server that knows ranges does.
    private func serve(
        _ request: ExchangeRequest, of other: [UInt8]? = nil, cut: Int = .max,
        _ ending: Simulation.Ending = .complete
    ) -> Simulation.Answer {
        let resource = other ?? self.resource
        let whole = Int64(resource.count)
        let range: Range<Int64>
        switch request.range {
        case nil: return .response(200, [("Content-Length", "\(whole)")], Array(resource.prefix(cut)), ending)
        case .bytes(let asked): range = asked.clamped(to: 0..<whole)
        case .from(let offset): range = min(offset, whole)..<whole
        case .suffix(let count): range = max(0, whole - count)..<whole
        }
        if range.isEmpty { return .response(416, [("Content-Range", "bytes */\(whole)")], [], .complete) }
        let fields = [
            ("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(whole)"),
            ("Content-Length", "\(range.count)"),
        ]
        return .response(
            206, fields, Array(resource[Int(range.lowerBound)..<Int(range.upperBound)].prefix(cut)), ending)
    }

    @Test(
        "Whatever a faulty server does, there is one end, the bytes are contiguous, and success means all of them",
        arguments: 0..<400)
    func randomFaults(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let size = Int64(resource.count)
        let low = Int64.random(in: 0..<size, using: &generator)
        let high = Int64.random(in: low + 1...size, using: &generator)
        let (range, expected): (ByteRange?, Range<Int64>) =
            [
                (nil, 0..<size), (.bytes(low..<high), low..<high), (.from(low), low..<size),
                (.suffix(size - low), low..<size),
            ][
                seed % 4]
        var simulation = Simulation(TransferPlan(DownloadRequest(range: range, patience: .short)), seed: UInt64(seed))
        simulation.pieceSize = Int.random(in: 1...50, using: &generator)
        let here = try address()
        simulation.run(source: { _ in .success(here) }) { request, _ in
            let whole = [("Content-Length", "\(size)")]
            switch Int.random(in: 0..<15, using: &generator) {
            case 0: return .failure(.cannotConnect)
            case 1: return .failure(.nameNotResolved)
            case 2: return .response(503, [], [1, 2], .complete)
            case 3: return .response(429, [("Retry-After", "0")], [], .broken)
            case 4: return .silence
            case 5: return .response(302, [("Location", "/other")], [1], .stalled)
            case 6: return .response(200, whole, resource, .complete)
            case 7: return .response(200, whole, Array(resource.prefix(Int(size / 2))), .broken)
            case 8: return .response(200, [], Array(resource.prefix(Int(size / 3))), .stalled)
            case 9: return .response(500, [], Array(repeating: 1, count: 100), .stalled)
            case 10: return serve(request, cut: Int.random(in: 0...50, using: &generator), .stalled)
            case 11: return serve(request)
            case 12: return .failure(.protocolViolation)
            case 13:
                let fields = [("Content-Range", "bytes 0-1/2"), ("Content-Length", "3"), ("ETag", "\"other\"")]
                return .response(206, fields, [1, 2, 3], .complete)
            default: return serve(request, cut: Int.random(in: 0...50, using: &generator), .broken)
            }
        }
        #expect(simulation.results.count == 1)
        let first = simulation.offsets.first { _ in true } ?? 0
        if simulation.isSuccess {
            // A server that answers with the whole hands over the whole.
            let isWhole = simulation.bytes == resource
            let isAsked = simulation.bytes == Array(resource[Int(expected.lowerBound)..<Int(expected.upperBound)])
            #expect(isWhole || isAsked, "\(simulation.bytes.count) bytes from \(first)")
        } else {
            // It may give up, and nothing else: the resource stays the same and no answer is a lie.
            let code = simulation.error?.code
            #expect(code == .deadlineExceeded || code == .tooManyRedirects, "\(String(describing: simulation.error))")
        }
    }

    @Test("A broken download goes on at every byte it may have broken at", arguments: [0, 1, 2, 3])
    func resumes(kind: Int) throws {
        let ranges: [ByteRange?] = [nil, .bytes(10..<290), .from(10), .suffix(290)]
        let here = try address()
        for cut in 0...290 {
            var simulation = Simulation(TransferPlan(DownloadRequest(range: ranges[kind], patience: .short)))
            simulation.run(source: { _ in .success(here) }) { request, index in
                index == 0 ? serve(request, cut: cut, .broken) : serve(request)
            }
            let expected = kind == 0 ? resource : Array(resource[10..<(kind == 1 ? 290 : 300)])
            #expect(simulation.isSuccess && simulation.bytes == expected, "broken after \(cut)")
        }
    }

    @Test("An answer that its receiver refuses is repeated like a 503, and nothing of it comes through")
    func refused() throws {
        let here = try address()
        let isPage: @Sendable (ResponseHead) -> String? = { head in
            head.headers["Content-Type"] == "text/html" ? "sent a page" : nil
        }
        for failures in [0, 1, 3] {
            var simulation = Simulation(
                TransferPlan(DownloadRequest(range: .bytes(10..<290), patience: .short, refusal: isPage)))
            simulation.run(source: { _ in .success(here) }) { request, index in
                index < failures
                    ? .response(
                        200, [("Content-Type", "text/html"), ("Content-Length", "5")], [1, 2, 3, 4, 5], .complete)
                    : serve(request)
            }
            #expect(simulation.isSuccess && simulation.bytes == Array(resource[10..<290]))
            #expect(simulation.waits.count == failures)
        }
        var endless = Simulation(TransferPlan(DownloadRequest(patience: .short, refusal: isPage)))
        endless.run(source: { _ in .success(here) }) { _, _ in
            .response(206, [("Content-Type", "text/html"), ("Content-Range", "bytes 0-4/5")], [1], .complete)
        }
        let error = try #require(endless.error)
        #expect(error.code == .deadlineExceeded && (error.cause as? TransferError)?.code == .unusableAnswer)
        #expect(endless.bytes.isEmpty)
    }

    @Test("A whole answer that its sender refuses is repeated like a 503, and is judged by its head and its body")
    func refusedWhole() throws {
        let here = try address()
        let body = Array(resource.prefix(20))
        var request = Request(address: here, redirects: .report, patience: .short)
        request.refusal = { response in
            response.head.status == 302 && response.body == body ? nil : "told nothing"
        }
        let pages: [(Int, [UInt8])] = [(200, body), (302, []), (302, Array(body.dropLast())), (204, [])]
        for failures in 0...pages.count {
            var simulation = Simulation(TransferPlan(request), address: here)
            simulation.run(source: { _ in .success(here) }) { _, index in
                let (status, bytes) = index < failures ? pages[index] : (302, body)
                return .response(status, [], bytes, .complete)
            }
            #expect(simulation.isSuccess && simulation.bytes == body, "\(simulation.results)")
            #expect(simulation.waits.count == failures)
        }
        var endless = Simulation(TransferPlan(request), address: here)
        endless.run(source: { _ in .success(here) }) { _, _ in .response(200, [], body, .complete) }
        let cause = endless.error?.cause as? TransferError
        #expect(endless.error?.code == .deadlineExceeded && cause?.code == .unusableAnswer)
        #expect(cause?.message.hasSuffix("/media told nothing.") == true, "\(String(describing: cause))")
    }

    @Test(
        "An answer that contradicts HTTP, itself or the request is repeated like a 503, and nothing it says is kept",
        arguments: 0..<5)
    func contradictory(kind: Int) throws {
        let here = try address()
        let answer: Simulation.Answer =
            switch kind {
            case 0: .failure(.protocolViolation)
            case 1: .response(302, [], [], .complete)
            case 2: .response(206, [("Content-Range", "bytes 0-1/2"), ("ETag", "\"other\"")], [1, 2], .complete)
            case 3: .response(206, [("Content-Range", "bytes 10-289")], Array(resource[10..<290]), .complete)
            // What comes before the first byte too many is right.
            default: .response(206, [("Content-Range", "bytes 10-19/300")], Array(resource[10..<40]), .complete)
            }
        let plan = TransferPlan(DownloadRequest(range: .bytes(10..<290), patience: .short))
        for failures in [1, 3] {
            var simulation = Simulation(plan)
            simulation.run(source: { _ in .success(here) }) { request, index in
                index < failures ? answer : serve(request)
            }
            #expect(simulation.isSuccess && simulation.bytes == Array(resource[10..<290]), "\(simulation.results)")
            #expect(simulation.waits.count == failures)
        }
        var endless = Simulation(plan)
        endless.run(source: { _ in .success(here) }) { _, _ in answer }
        let error = try #require(endless.error)
        #expect(error.code == .deadlineExceeded && (error.cause as? TransferError)?.code == .protocolViolation)
        #expect(endless.elapsed <= Patience.short.giveUp)
    }

    @Test(
        "What can't be understood is asked for again with GET alone", arguments: [Request.Method.post, .delete, .head])
    func contradictoryOnce(method: Request.Method) throws {
        let here = try address()
        var simulation = Simulation(
            TransferPlan(Request(method: method, address: here, patience: .short)), address: here)
        simulation.run(source: { _ in .success(here) }) { _, _ in .failure(.protocolViolation) }
        #expect(simulation.error?.code == .protocolViolation && simulation.requests.count == 1)
    }

    @Test("A suffix is resumed at the place that the first answer told")
    func suffix() throws {
        let here = try address()
        var simulation = Simulation(TransferPlan(DownloadRequest(range: .suffix(50), patience: .short)))
        simulation.run(source: { _ in .success(here) }) { request, index in
            index == 0 ? serve(request, cut: 20, .broken) : serve(request)
        }
        #expect(simulation.isSuccess && simulation.offsets == [250, 270])
        #expect(simulation.requests.map(\.range) == [.suffix(50), .bytes(270..<300)])
    }

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
        #expect(simulation.elapsed >= .seconds(38) && simulation.elapsed <= .seconds(45), "\(simulation.elapsed)")
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
            #expect(simulation.elapsed <= .seconds(45 + 16), "\(simulation.elapsed)")
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
        "A slow answer isn't given up, nor one that pauses, nor a short one",
        arguments: [
            (20_000, 1, Duration.milliseconds(10)), (20_000, 100, .seconds(1)), (20_000, 1400, .seconds(14)),
            (20, 1, .milliseconds(500)), (2, 1, .seconds(7)),
        ])
    func slow(size: Int, pieceSize: Int, interval: Duration) throws {
        let here = try address()
        let slow = pattern(size)
        for plan in [TransferPlan(DownloadRequest()), TransferPlan(Request(address: here))] {
            var simulation = Simulation(plan, address: here)
            (simulation.pieceSize, simulation.interval) = (pieceSize, interval)
            simulation.run(source: { _ in .success(here) }) { request, _ in serve(request, of: slow) }
            #expect(simulation.isSuccess && simulation.bytes == slow, "\(simulation.results)")
            #expect(simulation.requests.count == 1)
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

    @Test("A certificate error is final at once")
    func certificate() throws {
        let here = try address()
        var simulation = Simulation(TransferPlan(DownloadRequest(patience: .short)))
        simulation.run(source: { _ in .success(here) }) { _, _ in .failure(.certificateRefused) }
        #expect(simulation.error?.code == .certificateRefused && simulation.requests.count == 1)
    }

    @Test("Each attempt starts at the address of the source, not where it was redirected to")
    func startsOver() throws {
        let here = try address()
        var simulation = Simulation(TransferPlan(DownloadRequest(patience: .short)))
        simulation.run(source: { _ in .success(here) }) { request, index in
            if request.address == here { return .response(302, [("Location", "/there")], [], .complete) }
            return index == 1 ? serve(request, cut: 40, .broken) : serve(request)
        }
        #expect(simulation.isSuccess && simulation.bytes == resource)
        #expect(simulation.requests.map(\.address.url.path) == ["/media", "/there", "/media", "/there"])
    }

    @Test("A 401 without credential asks for another address, one with credential is final")
    func unauthorized() throws {
        for credentials in [nil, FixedCredential(username: "u", password: "p")] {
            let here = try address(credentials: credentials)
            var simulation = Simulation(TransferPlan(DownloadRequest(patience: .short)))
            simulation.run(source: { _ in .success(here) }) { _, _ in .response(401, [], [], .complete) }
            #expect(simulation.error?.status == 401)
            #expect(simulation.requests.count == (credentials == nil ? 3 : 1))
        }
    }

    @Test("Progress allows a source to be asked again as often as addresses expire")
    func expiresOften() throws {
        let here = try address()
        var simulation = Simulation(TransferPlan(DownloadRequest(patience: .short)))
        simulation.run(source: { _ in .success(here) }) { request, index in
            index % 2 == 1 ? .response(403, [], [], .complete) : serve(request, cut: 30, .broken)
        }
        #expect(simulation.isSuccess && simulation.bytes == resource)
        #expect(simulation.refused.count > 5)
    }

    @Test(
        "A redirect from elsewhere to this machine or to plain http is refused",
        arguments: [
            "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://0.0.0.0/", "https://2130706433/",
            "https://0x7f.1/", "https://[::ffff:127.0.0.1]/", "https://a.localhost/", "https://localhost./",
            "http://example.com/", "//127.0.0.1/", "http://localhost/",
        ])
    func redirectsInward(location: String) throws {
        let there = try address("https://media.example.com/a")
        let error = #expect(throws: AddressError.self) { try there.redirected(to: location) }
        #expect(error?.code == .insecure, "\(error)")
    }

    @Test(
        "A relative redirect is resolved as RFC 3986 says, and what is signed stays as it is",
        arguments: [
            ("other?x=1", "https://h.example/a/other?x=1"), ("/top", "https://h.example/top"),
            ("//else.example/b", "https://else.example/b"),
            ("https://s3.example/k%2Fv?sig=a%2Bb%3D", "https://s3.example/k%2Fv?sig=a%2Bb%3D"),
            ("?q=2", "https://h.example/a/b?q=2"), ("https://s3.example/a b", "https://s3.example/a%20b"),
        ])
    func resolves(location: String, expected: String) throws {
        #expect(try address("https://h.example/a/b?q=1").redirected(to: location).url.absoluteString == expected)
    }

    @Test(
        "The credential stays with its origin: another scheme, host or port is another one",
        arguments: [
            ("https://h.example/x", true), ("https://H.EXAMPLE:443/x", true), ("https://h.example:8443/x", false),
            ("https://other.example/x", false), ("https://h.example.evil.example/x", false), ("/x", true),
        ])
    func credentialStays(location: String, stays: Bool) throws {
        let here = try address("https://h.example/", credentials: FixedCredential(username: "u", password: "p"))
        #expect((try here.redirected(to: location).credentials != nil) == stays)
    }

    @Test("Ranges with negative numbers are refused")
    func invalidRanges() throws {
        for range in [ByteRange.bytes(-5..<5), .from(-1), .suffix(-1)] {
            var simulation = Simulation(TransferPlan(DownloadRequest(range: range)))
            simulation.run(source: { _ in .failure(TransferError.cancelled) }) { _, _ in .silence }
            #expect(simulation.error?.code == .invalidConfiguration)
        }
    }
}
