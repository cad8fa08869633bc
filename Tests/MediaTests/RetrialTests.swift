import Support
import TestSupport
import Testing

@testable import Media

@Suite("Condemned content, and when it is tried again", .orderly)
struct RetrialTests {
    private let files: FileStateTests

    init() throws { files = try FileStateTests() }

    @Test("Condemned content is opened anew when that is due, and nobody who waits for an opening is forgotten for it")
    func retrial() throws {
        let content = try MediaContent.withTag()
        var state = try files.opened(content)
        for _ in 0..<2 {
            try content.failAuthentication()
            _ = files.fail(content, in: &state)
        }
        #expect(state.gate.trial == .condemned)
        #expect(state.openAtHand(now: files.now) != nil)
        let due = files.now + FileStateTests.wait
        #expect(state.openAtHand(now: due) == nil)
        // It was given up meanwhile, and is being opened.
        _ = state.giveUp()
        guard case .refused = state.open(isAhead: false, now: files.now, waiter: { _ in }) else {
            Issue.record("it is condemned until then, also when it has to be opened anew")
            return
        }
        guard case .begin(retrial: _?, _) = state.open(isAhead: false, now: due, waiter: { _ in }) else {
            Issue.record("a retrial is due")
            return
        }
        #expect(state.gate.trial == .again && state.gate.earlier == .failed && !state.wasOpened)
        guard case .wait = state.open(isAhead: false, now: due, waiter: { _ in }) else {
            Issue.record("an opening is under way")
            return
        }
        #expect(state.end(.success(content), of: state.openingCount, cachedUnits: [])?.count == 2)
    }

    @Test("A file that is made again is condemned as the one before it was, and its retrial is due when that one's was")
    func retrialOfRemembered() throws {
        let content = try MediaContent.withTag()
        var former = try files.opened(content)
        #expect(former.gate.failure == nil)
        try content.failAuthentication()
        _ = files.fail(content, in: &former)
        let once = try #require(former.gate.failure)
        #expect(once.retrial == nil)
        let unsure = FileState(wasVerified: false, failure: once)
        #expect(unsure.gate.isStrict(size: .max, mode: .deferred, limit: 0) && unsure.gate.trial == .first)
        try content.failAuthentication()
        _ = files.fail(content, in: &former)
        var state = FileState(wasVerified: false, failure: former.gate.failure)
        #expect(state.gate.integrityOfUnverified == .failed)
        guard case .refused = state.open(isAhead: true, now: files.now, waiter: { _ in }),
            case .begin(retrial: _?, _) = state.open(
                isAhead: false, now: files.now + FileStateTests.wait, waiter: { _ in })
        else {
            Issue.record("it has to be condemned until then")
            return
        }
    }

    @Test("A retrial takes out the reads of the content before it, which would get no answer any more")
    func retrialWithReads() throws {
        var state = try files.opened(try .withTag())
        for _ in 0..<2 {
            let content = try #require(state.content.value)
            try content.failAuthentication()
            _ = files.fail(content, in: &state)
        }
        // A read that was held meanwhile.
        let content = try #require(state.content.value)
        _ = state.gate.hold(files.delivery(of: content))
        guard
            case .begin(let detached?, _) = state.open(
                isAhead: false, now: files.now + FileStateTests.wait, waiter: { _ in })
        else {
            Issue.record("a retrial is due")
            return
        }
        #expect(detached.reads.count == 1)
    }
}
