import FoundationEssentials
import Support
import TestSupport
import Testing

@testable import Transfer

@Suite("A transfer's decisions", .orderly)
struct TransferStateMachineTests {
    private let resource = simulatedResource

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

    @Test("A certificate error is final at once")
    func certificate() throws {
        let here = try address()
        var simulation = Simulation(TransferPlan(DownloadRequest(patience: .short)))
        simulation.run(source: { _ in .success(here) }) { _, _ in .failure(.certificateRefused) }
        #expect(simulation.error?.code == .certificateRefused && simulation.requests.count == 1)
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
