import TestSupport
import Testing

@testable import Media

@Suite("What the link brings", .orderly)
struct LinkEstimateTests {
    private static func estimate(rate: Double, delay: Double, bytes: Int64 = 4 << 20) -> LinkEstimate {
        var link = LinkEstimate()
        for _ in 0..<20 { link.note(byteCount: bytes, delay: delay, seconds: Double(bytes) / rate) }
        return link
    }

    @Test("One connection is enough where one is fast")
    func fast() {
        let link = Self.estimate(rate: 1.5e9, delay: 0.0005)
        #expect(link.connectionCount == 1)
        #expect(link.largestWindow == ReadAheadWindow.maximum)
    }

    @Test("A server that limits each connection is asked over many")
    func limited() {
        let link = Self.estimate(rate: 20e6, delay: 0.05)
        #expect(link.connectionCount == LinkEstimate.maximum)
        #expect(link.largestWindow == Int64(LinkEstimate.maximum) * LinkEstimate.pieceSize)
    }

    @Test("A long link alone calls for more than one")
    func long() {
        let link = Self.estimate(rate: 1e9, delay: 0.1)
        #expect((4...LinkEstimate.maximum).contains(link.connectionCount))
    }

    @Test("On a slow link no more is on its way than it brings in two seconds")
    func slow() {
        let link = Self.estimate(rate: 100e3, delay: 0.05)
        #expect(link.largestWindow == ReadAheadWindow.maximum)
        let faster = Self.estimate(rate: 1e6, delay: 0.05)
        #expect(faster.largestWindow <= Int64(2e6 * Double(LinkEstimate.maximum)))
    }

    @Test("A link that becomes faster is noticed, and short fetches say nothing")
    func changes() {
        var link = Self.estimate(rate: 20e6, delay: 0.05)
        for _ in 0..<50 { link.note(byteCount: 1000, delay: 0, seconds: 0) }
        #expect(link.connectionCount == LinkEstimate.maximum)
        for _ in 0..<50 { link.note(byteCount: 4 << 20, delay: 0.0005, seconds: 0.003) }
        #expect(link.connectionCount == 1)
    }

    @Test("Before anything is known two are tried")
    func unknown() {
        #expect(LinkEstimate().connectionCount == 2)
        #expect(LinkEstimate().largestWindow == ReadAheadWindow.maximum)
    }
}
