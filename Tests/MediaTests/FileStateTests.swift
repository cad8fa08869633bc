import ModuleTestSupport
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI

@testable import Media

@Suite("What a file's lock guards", .orderly)
struct FileStateTests {
    static let wait = Duration.seconds(10)
    let now = ContinuousClock.now
    private let memory: MemoryPool
    let error: MediaError

    init() throws {
        memory = try #require(MemoryPool(immediateOf: 64 * PooledMemory.stride))
        error = MediaError(.transferFailed, SID("RE" + String(repeating: "a", count: 32))!, "the network is gone")
    }

    /// The state of a file whose content is open.
    func opened(_ content: MediaContent) throws -> FileState {
        var state = FileState(wasVerified: false)
        guard case .begin = state.open(isAhead: false, now: now, waiter: { _ in }) else {
            throw error
        }
        #expect(state.end(.success(content), of: state.openingCount, cachedUnits: [])?.count == 1)
        return state
    }

    func delivery(of content: MediaContent, _ range: Range<Int64> = 0..<10) -> PendingRead {
        PendingRead(range: range, content: content, place: ReadingPlace(), purpose: .delivery(NotingReceiver()))
    }

    private func arrival(of content: MediaContent) -> PendingRead {
        PendingRead(range: 0..<10, content: content, place: ReadingPlace(), purpose: .arrival { _ in })
    }

    private func admit(_ read: PendingRead, to state: inout FileState) -> FileState.Admission {
        var read = read
        return state.admit(&read, share: 8 << 20, link: LinkEstimate(), memory: memory, granted: [])
    }

    func fail(
        _ content: MediaContent, in state: inout FileState, attempt: Int? = nil, with read: PendingRead? = nil
    ) -> FileState.Failure {
        state.authenticationDidFail(
            content, attempt: attempt ?? content.authentication?.attempt ?? 0, in: read, firstWait: Self.wait, now: now
        ).0
    }

    // MARK: Reads

    @Test("A read is refused when its content isn't the one that is open, or has failed its authentication")
    func refused() throws {
        let content = try MediaContent.withTag()
        var state = try opened(content)
        guard case .refused(.changed) = admit(delivery(of: try .withTag()), to: &state) else {
            Issue.record("an equal content is another one")
            return
        }
        try content.failAuthentication()
        guard case .refused(.failed) = admit(delivery(of: content), to: &state) else {
            Issue.record("it has failed")
            return
        }
    }

    @Test("Strict content holds its reads back, the first of which begins a pass, and lets the pass's own through")
    func held() throws {
        let content = try MediaContent.withTag(isStrict: true)
        var state = try opened(content)
        for isFirst in [true, false] {
            guard case .held(let pass, _) = admit(delivery(of: content), to: &state) else {
                Issue.record("it has to be held back")
                return
            }
            #expect((pass != nil) == isFirst)
        }
        guard case .taken(let answer, _, let isReleased) = admit(arrival(of: content), to: &state) else {
            Issue.record("the pass can't go on")
            return
        }
        #expect(answer.orders.count == 1 && !isReleased)
        #expect(state.detach().reads.count == 3)
    }

    @Test("A reader who catches up with read-ahead overtakes its transfer once, begun or not")
    func overtaken() throws {
        let content = MediaContent(plaintextSize: 1000)
        for isBegun in [true, false] {
            var state = try opened(content)
            var ahead = arrival(of: content)
            ahead.priority = .readAhead
            guard case .taken(let ordered, _, _) = admit(ahead, to: &state) else { throw error }
            let order = try #require(ordered.orders.first)
            #expect(ordered.overtaken.isEmpty)
            let transfer = TransferSlot()
            if isBegun {
                let priority = state.blocks.begin(order.number, with: transfer)
                #expect(priority == .readAhead)
            }
            for isFirst in [true, false] {
                guard case .taken(let answer, _, _) = admit(delivery(of: content), to: &state) else { throw error }
                #expect(answer.orders.isEmpty)
                #expect(answer.overtaken.count == (isBegun && isFirst ? 1 : 0))
                #expect(answer.overtaken.allSatisfy { $0 === transfer })
            }
            if !isBegun {
                let priority = state.blocks.begin(order.number, with: transfer)
                #expect(priority == .reader)
            }
        }
    }

    @Test("Bytes count as released before they are handed over, when no authentication has to see them any more")
    func released() throws {
        let plain = MediaContent(plaintextSize: 1000)
        var state = try opened(plain)
        let released = try firstBlockComes(to: &state, plain)
        #expect(released)
        #expect(state.gate.wasReleased)
        let sealed = try MediaContent.withTag()
        state = try opened(sealed)
        let isReleasedUnseen = try firstBlockComes(to: &state, sealed)
        #expect(!isReleasedUnseen && !state.gate.wasReleased)
    }

    /// Has a read's block come, and reads it again.
    ///
    /// - Returns: whether that counts as released.
    private func firstBlockComes(to state: inout FileState, _ content: MediaContent) throws -> Bool {
        guard case .taken(let answer, _, _) = admit(delivery(of: content), to: &state) else { throw error }
        let order = try #require(answer.orders.first)
        let priority = state.blocks.begin(order.number, with: TransferSlot())
        #expect(priority == .reader)
        let block = order.blocks[0]
        let publication = state.blocks.publish(order.number, to: block, count: block.byteCount, looksForUnit: false)
        #expect(publication.ready.count == 1 && publication.isDone)
        guard case .taken(let again, _, let isReleased) = admit(delivery(of: content), to: &state),
            case .ready = again.outcome
        else { throw error }
        return isReleased
    }

    @Test("Nothing is released of content that was given up, of an earlier attempt, or of content that has failed")
    func releaseRefused() throws {
        let content = try MediaContent.withTag()
        var state = try opened(content)
        let isReleased = state.release(content, 0)
        #expect(isReleased && state.gate.wasReleased)
        content.authentication?.begin()
        let isOfEarlierAttempt = state.release(content, 0)
        #expect(!isOfEarlierAttempt)
        let isOfThisAttempt = state.release(content, 1)
        #expect(isOfThisAttempt)
        try content.failAuthentication()
        let isOfFailed = state.release(content, 1)
        #expect(!isOfFailed)
        let plain = MediaContent(plaintextSize: 1000)
        state = try opened(plain)
        #expect(state.openAtHand(now: now) != nil && state.wasOpened)
        _ = state.giveUp()
        #expect(!state.wasOpened)
        let isOfGivenUp = state.release(plain, 0)
        #expect(!isOfGivenUp)
    }

    @Test("Once a stream comes, waiting reads wait for that, and all other transfers are cancelled")
    func stream() throws {
        let content = MediaContent(plaintextSize: 4_000_000)
        var state = try opened(content)
        let transfers = [TransferSlot(), TransferSlot()]
        for (transfer, range) in zip(transfers, [0..<10, 3_000_000..<3_000_010] as [Range<Int64>]) {
            guard case .taken(let answer, _, _) = admit(delivery(of: content, range), to: &state) else { throw error }
            for order in answer.orders {
                let priority = state.blocks.begin(order.number, with: transfer)
                #expect(priority == .reader)
            }
        }
        let spool = try Spool.temporary()
        let read = delivery(of: content, 900..<910)
        let beginning = state.begin(spool, from: transfers[0], for: read)
        let begun = try #require(beginning)
        #expect(begun.isTaken && begun.others.count == 1 && begun.others.first === transfers[1] && state.ignoresRanges)
        guard case .taken(let answer, _, _) = admit(delivery(of: content), to: &state), case .streamed = answer.outcome
        else {
            Issue.record("the stream has to take it")
            return
        }
        state.stream.grow(spool, to: 4_000_000, isRecognised: true)
        guard case .serve(let reads, _)? = state.advanceStream()?.step else {
            Issue.record("all of them can be served")
            return
        }
        #expect(reads.map(\.range) == [0..<10, 3_000_000..<3_000_010, 900..<910, 0..<10])
    }

    // MARK: Verdicts

    @Test("Content that fails unreleased is fetched again, its readers wait, and nothing of the first attempt counts")
    func failedUnreleased() throws {
        let content = try MediaContent.withTag()
        var state = try opened(content)
        _ = admit(delivery(of: content), to: &state)
        _ = admit(arrival(of: content), to: &state)
        try content.failAuthentication()
        guard
            case .tryAgain(let again, let pass, failed: let failed, wasReleased: false) = fail(
                content, in: &state, with: delivery(of: content))
        else {
            Issue.record("it has to be tried again")
            return
        }
        #expect(again === content && failed.isEmpty && state.gate.trial == .again && state.gate.isUnderWay(pass))
        #expect(content.authentication?.attempt == 1 && content.authentication?.integrity == .unverified)
        guard case .known = fail(content, in: &state, attempt: 0) else {
            Issue.record("another block of the first attempt tells nothing new")
            return
        }
        // Those for delivery alone: the pieces of an earlier pass are not continued.
        #expect(state.gate.takeHeld().count == 2)
        try content.failAuthentication()
        _ = state.gate.hold(delivery(of: content))
        guard case .condemned(let reads) = fail(content, in: &state, with: arrival(of: content)) else {
            Issue.record("it has failed twice")
            return
        }
        #expect(reads.count == 2)
        guard case .known = fail(content, in: &state) else {
            Issue.record("it is condemned once")
            return
        }
    }

    @Test("Who was given bytes of content that fails is failed for good; other content takes its place, and is strict")
    func failedReleased() throws {
        let content = try MediaContent.withTag()
        var state = try opened(content)
        #expect(state.openAtHand(now: now) != nil)
        let isReleased = state.release(content, 0)
        #expect(isReleased && state.wasOpened)
        try content.failAuthentication()
        guard
            case .tryAgain(let again, let pass, failed: let failed, wasReleased: true) = fail(
                content, in: &state, with: delivery(of: content))
        else {
            Issue.record("it has to be tried again")
            return
        }
        #expect(again !== content && again.isHeldBack && failed.count == 1)
        #expect(!state.wasOpened && !state.gate.wasReleased && state.gate.isUnderWay(pass))
        guard case .refused = admit(delivery(of: content), to: &state) else {
            Issue.record("its readers have to fail")
            return
        }
        guard case .held(begins: nil, _) = admit(delivery(of: again), to: &state) else {
            Issue.record("who opens the file anew has to wait for the verdict")
            return
        }
        guard case .known = fail(content, in: &state) else {
            Issue.record("it was given up")
            return
        }
    }

    // MARK: Openings

    @Test("Who opens the file while it is being opened waits with the others; pages are kept from the second time on")
    func openings() throws {
        let content = try MediaContent.withTag()
        var state = FileState(wasVerified: false)
        guard case .begin(retrial: nil, _) = state.open(isAhead: true, now: now, waiter: { _ in }),
            case .wait = state.open(isAhead: false, now: now, waiter: { _ in })
        else {
            Issue.record("one opening is for all")
            return
        }
        #expect(state.end(.success(content), of: state.openingCount, cachedUnits: [])?.count == 2)
        let ahead = state.markOpened(content, isAhead: true)
        #expect(!ahead.isContinued && !state.hasOutdatedReaders)
        let first = state.openAtHand(now: now)
        #expect(first?.isContinued == false)
        let second = state.openAtHand(now: now)
        #expect(second?.isContinued == true)
        _ = state.forgetMedia()
        #expect(state.openAtHand(now: now) == nil)
        let late = state.markOpened(content, isAhead: false)
        #expect(!late.isContinued)
    }

    @Test("An opening that has failed leaves nothing, and one that nobody waits for any more is dropped")
    func failedOpenings() throws {
        let content = try MediaContent.withTag()
        var state = FileState(wasVerified: false)
        _ = state.open(isAhead: false, now: now) { _ in }
        #expect(state.end(.failure(error), of: state.openingCount, cachedUnits: [])?.count == 1)
        guard case .unknown = state.content else {
            Issue.record("it isn't known")
            return
        }
        _ = state.open(isAhead: false, now: now) { _ in }
        #expect(state.failOpenings().count == 1)
        #expect(state.end(.success(content), of: state.openingCount, cachedUnits: []) == nil)
        #expect(!state.isCurrent(content))
    }

    @Test("A pass of content that was given up counts for nothing, and new content is verified by one of its own")
    func abandonedPass() throws {
        let content = try MediaContent.withTag(isStrict: true)
        var state = try opened(content)
        guard case .held(let first?, _) = admit(delivery(of: content), to: &state) else {
            Issue.record("it has to be held back")
            return
        }
        #expect(state.giveUp().reads.count == 1)
        _ = state.open(isAhead: false, now: now) { _ in }
        let next = try MediaContent.withTag(isStrict: true)
        #expect(state.end(.success(next), of: state.openingCount, cachedUnits: [])?.count == 1)
        guard case .held(let second?, _) = admit(delivery(of: next), to: &state) else {
            Issue.record("nobody would verify it")
            return
        }
        #expect(second != first)
        #expect(state.gate.endPass(first).isEmpty)
        #expect(state.gate.endPass(second).count == 1)
    }

    @Test("No stream begins for a read whose content was given up since it was admitted")
    func streamForNobody() throws {
        let content = MediaContent(plaintextSize: 1000)
        var state = try opened(content)
        _ = state.giveUp()
        let spool = try Spool.temporary()
        let begun = state.begin(spool, from: TransferSlot(), for: delivery(of: content))
        #expect(begun == nil)
        #expect(state.stream.detach().transfers.isEmpty && !state.ignoresRanges)
    }

    @Test("After a change, those who have the file open are outdated until the last of them has gone")
    func readers() throws {
        var state = try opened(try .withTag())
        state.readerCount = 2
        _ = state.forgetMedia()
        #expect(state.hasOutdatedReaders)
        state.releaseReader()
        #expect(state.hasOutdatedReaders)
        state.releaseReader()
        #expect(!state.hasOutdatedReaders)
        _ = state.forgetMedia()
        #expect(!state.hasOutdatedReaders)
    }
}
