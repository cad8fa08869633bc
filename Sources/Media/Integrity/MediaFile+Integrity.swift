import Envelope
import Logging
import Support
import Transfer
import TwilioAPI

/// What authentication leads to: reads that are held back until it has passed, and what follows when it fails.
///
/// Content that fails is fetched once more, past all caches, before it is declared bad: the fault may have been on the
/// way. What was released of it stays condemned all the same. Its readers fail for good, and whoever opens the file
/// anew gets nothing before the second attempt has passed.
extension MediaFile {
    /// Keeps a read until the content is verified, and has all of it fetched.
    func hold(_ read: PendingRead) {
        if state.withLock({ $0.gate.hold(read) }) {
            verify(read.content)
        } else if !read.content.isHeldBack {
            // Decided between the question and the answer.
            resume(state.withLock { $0.gate.takeHeld() })
        }
    }

    /// Has all of a content fetched, unless that is being done.
    func verifyAhead(_ content: MediaContent) {
        if state.withLock({ $0.gate.beginPass() }) { verify(content) }
    }

    /// Fetches what hasn't been authenticated of a content, piece by piece, until there is a verdict.
    func verify(_ content: MediaContent) {
        verify(content, at: ReadingPlace(first: content.contentSize))
    }

    private func verify(_ content: MediaContent, at place: ReadingPlace) {
        guard let authentication = content.authentication, authentication.integrity == .unverified,
            let missing = authentication.firstMissingRange
        else {
            resume(state.withLock { $0.gate.endPass() })
            return
        }
        let end = min(missing.upperBound, missing.lowerBound + Int64(MediaReader.largestRead))
        let isAwaited = state.withLock { $0.gate.isAwaited }
        let piece = PendingRead(
            range: missing.lowerBound..<end, content: content, place: place,
            purpose: .arrival { [self] result in
                switch result {
                case .success:
                    // Not here: the stack would grow with each piece.
                    services.workers.run { [self] in verify(content, at: place) }
                case .failure(let error):
                    verificationDidStop(error)
                }
            }, priority: isAwaited ? .reader : .readAhead)
        begin(piece)
    }

    /// The content couldn't be fetched: whoever waits for the verdict gets an error, and the next read tries again.
    private func verificationDidStop(_ error: MediaError) {
        for read in state.withLock({ $0.gate.endPass() }) { read.fail(error) }
    }

    /// All of the content has come, and the tag agrees.
    func contentWasVerified(_ content: MediaContent) {
        let hadFailed = state.withLock { $0.gate.pass() }
        known.confirm()
        if hadFailed {
            services.logger.notice(
                "\(sid) was fetched again and is what was recorded", metadata: ["recording": "\(sid)"])
        }
        services.counts.withLock { $0.verified += 1 }
        services.observer.mediaWasVerified(sid, of: known.resource.accountSID)
    }

    /// Begins reads again that were held back.
    private func resume(_ reads: [PendingRead]) {
        for read in reads { services.workers.run { [self] in begin(read) } }
    }

    /// The content is not what was sealed: nothing of it is released any more.
    ///
    /// - Parameters:
    ///   - attempt: the one in which that was found out.
    ///   - read: the read for which it was found out; shares the fate of those that wait.
    func authenticationDidFail(
        _ content: MediaContent, attempt: ContentAuthentication.Attempt, _ error: EnvelopeError,
        in read: PendingRead? = nil
    ) {
        enum Step {
            case known
            case tryAgain(MediaContent)
            case condemn
        }
        typealias Decision = (step: Step, reads: [PendingRead], transfers: [TransferSlot], wasReleased: Bool)
        let (step, detached, transfers, wasReleased) = state.withLock { state -> Decision in
            let wasReleased = state.gate.wasReleased
            // Several blocks may have told it at the same time.
            guard case .known(let now) = state.content, now === content,
                content.authentication?.attempt == attempt, state.gate.trial != .condemned
            else { return (.known, [], [], wasReleased) }
            let (reads, transfers) = Self.detachReads(&state)
            guard state.gate.fail(firstWait: services.configuration.retrialWait, now: .now) == .again else {
                return (.condemn, reads, transfers, wasReleased)
            }
            state.wasOpened = false
            state.blocks?.cachedUnits = []
            guard wasReleased else {
                content.authentication?.begin()
                return (.tryAgain(content), reads, transfers, false)
            }
            let again = MediaContent(again: content)
            state.content = .known(again)
            state.gate.contentDidOpen()
            return (.tryAgain(again), reads, transfers, true)
        }
        for transfer in transfers { transfer.cancel() }
        known.forgetAddresses()
        let reads = detached + (read.map { [$0] } ?? [])
        let failure = MediaError(error, sid)
        switch step {
        case .known:
            for read in reads where read.isForDelivery { read.fail(failure) }
        case .condemn:
            services.logger.critical(
                "\(sid) is not what was recorded: \(error.message) Reading it fails from now on.",
                metadata: ["recording": "\(sid)"])
            services.counts.withLock { $0.failed += 1 }
            // What was stored of it meanwhile would fail the next trial as well.
            forgetCached()
            for read in reads { read.fail(failure) }
            services.observer.mediaFailedAuthentication(sid, of: known.resource.accountSID)
        case .tryAgain(let again):
            services.counts.withLock { $0.doubted += 1 }
            forgetCached()
            services.logger.warning(
                "\(sid) is not what was recorded: \(error.message) It is fetched once more, past all caches.",
                metadata: ["recording": "\(sid)"])
            // What was released is in the kernel's cache, too.
            if wasReleased { services.observer.mediaIsDoubtful(sid, of: known.resource.accountSID) }
            // The pieces of an earlier pass are not continued: a new one begins.
            for read in reads where read.isForDelivery {
                if wasReleased {
                    read.fail(failure)
                } else {
                    _ = state.withLock { $0.gate.hold(read) }
                }
            }
            describeAgain(again)
        }
    }

    /// Learns anew what the media is, tag included, since that may be what was wrong; then has all of it fetched.
    private func describeAgain(_ content: MediaContent) {
        guard let facts = known.facts else {
            verificationDidStop(MediaError(.changed, sid, "the media of \(sid) is no longer the one it was"))
            return
        }
        let fetch = DescriptionFetch(of: known, streams: self) { [self] result, _ in
            switch result {
            case .success(let again) where again.describes(sameMediaAs: facts):
                services.workers.run { [self] in verify(content) }
            case .success:
                mediaDidChange()
                resume(state.withLock { $0.gate.endPass() })
            case .failure(let error):
                verificationDidStop(error)
            }
        }
        fetch.start()
    }
}

extension MediaFile.State {
    /// Nothing of the content is released before all of it is verified; the first failure condemns it again.
    mutating func beginRetrial() {
        content = .unknown
        wasOpened = false
        gate.beginRetrial()
    }
}
