import TestSupport
import Testing

@testable import Media

@Suite("A stream of all of a file", .orderly)
struct StreamStateTests {
    private let spool: Spool
    private let content = MediaContent(plaintextSize: 1000)

    init() throws {
        spool = try Spool.temporary()
    }

    private func read(_ range: Range<Int64>) -> PendingRead {
        PendingRead(range: range, content: content, place: ReadingPlace(), purpose: .arrival { _ in })
    }

    /// The ranges that can be served.
    private func served(_ state: inout StreamState, _ content: MediaContent? = nil) -> [Range<Int64>] {
        guard case .serve(let reads, let from) = state.advance(for: content ?? self.content) else { return [] }
        #expect(from === spool)
        return reads.map(\.range)
    }

    /// A stream that has begun, and that these reads wait for.
    private func begun(_ ranges: Range<Int64>...) -> StreamState {
        var state = StreamState()
        let isTaken = state.begin(spool, from: TransferSlot(), for: ranges.map(read))
        #expect(isTaken)
        return state
    }

    @Test("A read isn't kept where no stream comes; the one that begins then takes it along")
    func none() {
        var state = StreamState()
        let isKept = state.keep(read(0..<10))
        #expect(!isKept)
        #expect(served(&state) == [])
        #expect(state.byteCount == 0)
        #expect(state.detach().reads.isEmpty)
    }

    @Test("A recognised stream serves reads as their bytes come, each once")
    func recognised() {
        var state = begun(0..<100, 90..<110)
        let isKept = state.keep(read(500..<1000))
        #expect(isKept)
        #expect(served(&state) == [])
        state.grow(spool, to: 100, isRecognised: true)
        #expect(served(&state) == [0..<100])
        #expect(served(&state) == [])
        state.grow(spool, to: 200, isRecognised: false)
        #expect(served(&state) == [90..<110], "it stays recognised")
        state.grow(spool, to: 1000, isRecognised: true)
        state.complete(spool)
        #expect(served(&state) == [500..<1000])
        #expect(state.byteCount == 1000)
    }

    @Test("A stream that isn't recognised serves nothing before its end")
    func unrecognised() {
        var state = begun(0..<10)
        state.grow(spool, to: 1000, isRecognised: false)
        #expect(served(&state) == [])
        state.complete(spool)
        #expect(served(&state) == [0..<10])
    }

    @Test("Content with a tag is authenticated once, when all of it has come, and nothing is served before")
    func authenticated() throws {
        let sealed = try MediaContent.withTag()
        var state = begun(0..<10)
        state.grow(spool, to: 1016, isRecognised: true)
        #expect(served(&state, sealed) == [])
        state.complete(spool)
        guard case .authenticate(let which, let size) = state.advance(for: sealed) else {
            Issue.record("it has to be authenticated")
            return
        }
        #expect(which === spool && size == 1016)
        guard case .nothing = state.advance(for: sealed) else {
            Issue.record("that is under way")
            return
        }
        state.pass(spool)
        #expect(served(&state, sealed) == [0..<10])
    }

    @Test("A second stream isn't taken, and what it tells changes nothing; its reads wait for the first")
    func second() throws {
        let other = try Spool.temporary()
        var state = begun(0..<10)
        let isTaken = state.begin(other, from: TransferSlot(), for: [read(20..<30)])
        #expect(!isTaken)
        state.grow(other, to: 1000, isRecognised: true)
        state.complete(other)
        state.pass(other)
        #expect(state.byteCount == 0 && state.byteCount(of: other) == nil && state.byteCount(of: spool) == 0)
        let failed = state.end(other)
        #expect(failed.reads.isEmpty && failed.transfers.isEmpty)
        state.grow(spool, to: 50, isRecognised: true)
        #expect(served(&state) == [0..<10, 20..<30])
    }

    @Test(
        "When a stream fails or is given up, the reads that wait and its transfer come out, once",
        arguments: [true, false])
    func ended(fails: Bool) {
        var state = begun(0..<10)
        let left = fails ? state.end(spool) : state.detach()
        #expect(left.reads.map(\.range) == [0..<10] && left.transfers.count == 1)
        let again = fails ? state.end(spool) : state.detach()
        #expect(again.reads.isEmpty && again.transfers.isEmpty)
        let isKept = state.keep(read(0..<10))
        #expect(!isKept)
    }
}
