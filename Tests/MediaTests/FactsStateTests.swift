import TestSupport
import Testing
import Transfer
import TwilioAPI

@testable import Media

@Suite("What is known of a file's media", .orderly)
struct FactsStateTests {
    private static let now = ContinuousClock.now
    private let resource: MediaResource

    init() throws {
        let json = "{\"sid\":\"RE\(String(repeating: "a", count: 32))\"}"
        resource = try MediaResource(kind: .voiceRecording, json: Array(json.utf8))
    }

    private func facts(
        _ size: Int64, tag: String? = nil, isConfirmed: Bool = true, isExact: Bool = true,
        completeness: MediaFacts.Completeness = .whole
    ) throws -> MediaFacts {
        try #require(
            MediaFacts(
                ciphertextSize: size, plaintextSize: size, isPlaintextSizeExact: isExact, entityTag: tag,
                envelopeFields: [:], tail: [], requestedChannels: nil, isConfirmed: isConfirmed,
                completeness: completeness))
    }

    private var failure: Result<MediaFacts, MediaError> {
        .failure(MediaError(.transferFailed, resource.sid, "the network is gone"))
    }

    private func ask(
        _ state: inout FactsState, _ priority: Priority = .reader, hasReaders: Bool = false, after: Duration = .zero
    ) -> FactsState.Step {
        state.describe(priority, hasReaders: hasReaders, now: Self.now + after) { _ in }
    }

    private func end(
        _ state: inout FactsState, _ result: Result<MediaFacts, MediaError>, isSettled: Bool = true
    ) -> FactsState.End? {
        state.end(result, isSettled: isSettled, now: Self.now)
    }

    /// The state after facts were doubted and a request for new ones has begun.
    private func doubting(_ facts: MediaFacts) throws -> FactsState {
        var state = FactsState(facts, of: resource)
        #expect(state.doubt() == true)
        #expect(state.facts == nil)
        #expect(ask(&state).isBegin)
        return state
    }

    @Test("Known facts are answered; facts that contradict the resource are learnt anew and compared")
    func known() throws {
        var state = FactsState(try facts(100), of: resource)
        #expect(ask(&state).isAnswer)
        // Media that isn't encrypted can't be larger than what the server holds.
        let other = try #require(
            MediaFacts(
                ciphertextSize: 116, plaintextSize: 100, isPlaintextSizeExact: true, entityTag: nil,
                envelopeFields: [:], tail: [], requestedChannels: nil, isConfirmed: true))
        state = FactsState(other, of: resource)
        #expect(state.facts == nil && state.doubted == other)
        #expect(ask(&state).isBegin)
        let end = try #require(end(&state, .success(try facts(116))))
        #expect(end.isLearnt && end.hasChanged && end.hasChangedSize)
        #expect(state.doubted == nil)
    }

    @Test("One request is for all who ask, and whoever joins it hears which priority to raise")
    func requests() throws {
        var state = FactsState(nil, of: resource)
        guard case .begin(let priority) = ask(&state, .background) else {
            Issue.record("a request has to begin")
            return
        }
        for joining in [Priority.background, .readAhead, .reader] {
            guard case .join(let joined) = ask(&state, joining) else {
                Issue.record("a request is under way")
                return
            }
            #expect(joined === priority)
        }
        let end = try #require(end(&state, .success(try facts(100))))
        #expect(end.waiting.count == 4 && end.isLearnt && !end.hasChanged)
        #expect(try state.facts == facts(100))
    }

    @Test("A failure is told to all who wait, and the next one who asks begins anew")
    func failures() throws {
        var state = FactsState(nil, of: resource)
        _ = ask(&state, .background)
        _ = ask(&state, .reader)
        let last = try #require(end(&state, failure))
        #expect(last.waiting.count == 2 && !last.isLearnt)
        #expect(end(&state, failure) == nil)
        #expect(ask(&state).isBegin)
    }

    @Test("A failure leaves doubted facts to be compared with the next ones")
    func failureWhileDoubting() throws {
        var state = try doubting(try facts(100, tag: "a"))
        #expect(try #require(end(&state, failure)).waiting.count == 1)
        #expect(ask(&state).isBegin)
        let end = try #require(end(&state, .success(try facts(100, tag: "b"))))
        #expect(end.hasChanged && !end.hasChangedSize)
    }

    @Test("Unconfirmed facts are learnt anew after a minute, unless a reader relies on them")
    func outdated() throws {
        let unconfirmed = try facts(100, isConfirmed: false)
        var state = FactsState(nil, of: resource)
        _ = ask(&state)
        #expect(try #require(end(&state, .success(unconfirmed))).isLearnt)
        #expect(ask(&state, after: .seconds(59)).isAnswer)
        #expect(ask(&state, hasReaders: true, after: .seconds(60)).isAnswer)
        #expect(ask(&state, after: .seconds(60)).isBegin)
        #expect(state.doubted == unconfirmed)
        // Of an earlier mount they don't get out of date.
        state = FactsState(unconfirmed, of: resource)
        #expect(ask(&state, after: .seconds(9999)).isAnswer)
    }

    @Test("Facts of cut media are learnt anew after five seconds, readers or not, and are cut until they are settled")
    func cut() throws {
        let cut = try facts(100, isConfirmed: false, completeness: .cut)
        var state = FactsState(nil, of: resource)
        _ = ask(&state)
        _ = end(&state, .success(cut), isSettled: false)
        #expect(state.isCut)
        #expect(ask(&state, hasReaders: true, after: .seconds(4)).isAnswer)
        #expect(ask(&state, hasReaders: true, after: .seconds(5)).isBegin)
        _ = end(&state, .success(cut.confirmed), isSettled: true)
        #expect(!state.isCut)
    }

    @Test(
        "Confirmed facts stay when a shorter answer may be a part of the media, until it has been told for long enough")
    func brokenOff() throws {
        let whole = try facts(100)
        let part = try facts(60, isConfirmed: false)
        var state = try doubting(whole)
        let kept = try #require(end(&state, .success(part), isSettled: false))
        #expect(kept.keepsEarlier && !kept.isLearnt && !kept.hasChanged && kept.waiting.count == 1)
        #expect(state.facts == whole && state.doubted == nil && !state.isCut)
        state = try doubting(whole)
        let replaced = try #require(end(&state, .success(part), isSettled: true))
        #expect(!replaced.keepsEarlier && replaced.hasChanged && replaced.hasChangedSize)
        #expect(state.facts == part)
        // What is confirmed is no part.
        state = try doubting(whole)
        #expect(try #require(end(&state, .success(try facts(60)), isSettled: false)).hasChanged)
    }

    @Test("Facts are confirmed once, and only where they are exact and of whole media")
    func confirmation() throws {
        var state = FactsState(try facts(100, isConfirmed: false), of: resource)
        #expect(state.confirm()?.isConfirmed == true)
        #expect(state.facts?.isConfirmed == true)
        #expect(state.confirm() == nil)
        state = FactsState(try facts(100, isConfirmed: false, isExact: false), of: resource)
        #expect(state.confirm() == nil)
        state = FactsState(try facts(100, isConfirmed: false, completeness: .uncertain), of: resource)
        #expect(state.confirm() == nil)
        state = try doubting(try facts(100, isConfirmed: false))
        #expect(state.confirm() == nil, "they are in doubt")
    }

    @Test("After a change there is nothing to compare new facts with")
    func forgotten() throws {
        var state = FactsState(try facts(100, tag: "a"), of: resource)
        state.forget()
        #expect(ask(&state).isBegin)
        let end = try #require(end(&state, .success(try facts(100, tag: "b"))))
        #expect(end.isLearnt && !end.hasChanged)
    }
}

extension FactsState.Step {
    fileprivate var isAnswer: Bool { if case .answer = self { true } else { false } }

    fileprivate var isBegin: Bool { if case .begin = self { true } else { false } }
}
