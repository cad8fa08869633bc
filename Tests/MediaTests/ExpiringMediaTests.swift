import Foundation
import Support
import TestSupport
import Testing
import TwilioSimulator

@testable import Media

@Suite("Media at addresses that expire", .orderly)
struct ExpiringMediaTests {
    private static let size = 6 << 20

    /// Opens media, and reads the first bytes.
    private static func opened(lifetime: Int? = nil) throws -> (LibraryBench, MediaReader) {
        let bench = try LibraryBench(
            .composition, size: size, behaviour: { $0.urlLifetimeSeconds = lifetime })
        let reader = try bench.open(bench.resource())
        #expect(try LibraryBench.read(reader, at: 0, count: 1000) == Array(bench.original[..<1000]))
        return (bench, reader)
    }

    /// The media's last bytes, which are beyond any read-ahead.
    private static func readsEnd(_ bench: LibraryBench, _ reader: MediaReader) throws -> Bool {
        let offset = Self.size - 70_000
        return try LibraryBench.read(reader, at: Int64(offset), count: 50_000)
            == Array(bench.original[offset..<offset + 50_000])
    }

    @Test("An address that is refused as expired, again and again, is replaced until one serves")
    func refusedOften() throws {
        let (bench, reader) = try Self.opened()
        defer { bench.shutDown() }
        bench.simulator.clearRequests()
        let expired = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
        bench.simulator.faults = [
            FaultRule(.answer(403, type: "application/xml", body: expired), host: .media, count: 5)
        ]
        #expect(try Self.readsEnd(bench, reader))
        #expect(bench.simulator.requests.filter { $0.path.hasSuffix("/Media") }.count >= 5)
    }

    @Test("An address at the end of its lifetime isn't used, so that nothing is refused")
    func notUsed() throws {
        let (bench, reader) = try Self.opened(lifetime: 3)
        defer { bench.shutDown() }
        bench.simulator.clearRequests()
        usleep(3_100_000)
        #expect(try Self.readsEnd(bench, reader))
        #expect(bench.simulator.requests.contains { $0.path.hasSuffix("/Media") })
        #expect(!bench.mediaRequests.contains { $0.status == 403 })
    }

    @Test("Media in a content coding that wasn't asked for is no media, and what is stored so is")
    func coded() throws {
        for (coding, isMedia) in [("gzip", false), ("br", false), ("identity", true), ("aws-chunked", true)] {
            let (bench, reader) = try Self.opened()
            defer { bench.shutDown() }
            bench.simulator.clearRequests()
            bench.simulator.faults = [FaultRule(.headers(["Content-Encoding": coding]), host: .media, count: 1)]
            #expect(try Self.readsEnd(bench, reader), "\(coding)")
            // It is asked for again.
            #expect((bench.mediaRequests.count == 1) == isMedia, "\(coding): \(bench.mediaRequests.count)")
        }
    }
}
