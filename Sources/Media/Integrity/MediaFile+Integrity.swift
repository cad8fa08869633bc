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
    /// How often the content was fetched to be authenticated.
    enum Trial {
        /// It hasn't failed.
        case first

        /// It has failed once, and is being fetched again.
        case again

        /// It has failed twice, or had at an earlier mount.
        case condemned
    }

    /// When content that was declared bad may be fetched anew.
    ///
    /// What served the bad bytes may have been something on the way, and well again since.
    struct Retrial {
        /// The wait after the first declaration doubles with each further one, up to this.
        static let longestWait = Duration.seconds(900)

        let wait: Duration
        let isDueFrom: ContinuousClock.Instant

        /// The wait after content was declared bad, once more if there was one before.
        init(after previous: Retrial?, firstWait: Duration, now: ContinuousClock.Instant) {
            wait = previous.map { min($0.wait * 2, Self.longestWait) } ?? firstWait
            isDueFrom = now + wait
        }
    }

    /// Keeps a read until the content is verified, and has all of it fetched.
    func hold(_ read: PendingRead) {
        let begins = state.withLock { state -> Bool in
            state.held.append(read)
            defer { state.isVerifying = true }
            return !state.isVerifying
        }
        if begins {
            verify(read.content)
        } else if !read.content.isHeldBack {
            // Decided between the question and the answer.
            releaseHeldReads()
        }
    }

    /// Has all of a content fetched, unless that is being done.
    func verifyAhead(_ content: MediaContent) {
        let begins = state.withLock { state -> Bool in
            defer { state.isVerifying = true }
            return !state.isVerifying
        }
        if begins { verify(content) }
    }

    /// Fetches what hasn't been authenticated of a content, piece by piece, until there is a verdict.
    func verify(_ content: MediaContent) {
        verify(content, at: ReadingPlace(first: content.contentSize))
    }

    private func verify(_ content: MediaContent, at place: ReadingPlace) {
        guard let authentication = content.authentication, authentication.integrity == .unverified,
            let missing = authentication.firstMissingRange
        else {
            state.withLock { $0.isVerifying = false }
            releaseHeldReads()
            return
        }
        let end = min(missing.upperBound, missing.lowerBound + Int64(MediaReader.largestRead))
        let isAwaited = state.withLock { !$0.held.isEmpty }
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
        let held = state.withLock { state -> [PendingRead] in
            state.isVerifying = false
            defer { state.held = [] }
            return state.held
        }
        for read in held { read.fail(error) }
    }

    /// All of the content has come, and the tag agrees.
    func contentWasVerified(_ content: MediaContent) {
        let wasDoubted = state.withLock { state -> Bool in
            defer {
                if state.trial == .again { state.knownIntegrity = .verified }
                state.trial = .first
                state.retrial = nil
            }
            return state.trial == .again
        }
        confirmFacts()
        if wasDoubted {
            services.logger.notice(
                "\(sid) was fetched again and is what was recorded", metadata: ["recording": "\(sid)"])
        }
        services.metrics.count(.verified)
        services.observer.mediaWasVerified(sid, of: resource.accountSID)
    }

    private func releaseHeldReads() {
        let held = state.withLock { state -> [PendingRead] in
            defer { state.held = [] }
            return state.held
        }
        for read in held { services.workers.run { [self] in begin(read) } }
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
            let wasReleased = content.wasReleased
            // Several blocks may have told it at the same time.
            guard case .known(let now) = state.content, now.isSame(as: content),
                content.authentication?.attempt == attempt, state.trial != .condemned
            else { return (.known, [], [], wasReleased) }
            let (reads, transfers) = Self.detachReads(&state)
            guard state.trial == .first else {
                state.trial = .condemned
                state.retrial = Retrial(
                    after: state.retrial, firstWait: services.configuration.retrialWait, now: .now)
                state.isVerifying = false
                return (.condemn, reads, transfers, wasReleased)
            }
            state.trial = .again
            state.isVerifying = true
            state.wasOpened = false
            state.blocks?.cachedUnits = []
            guard wasReleased else {
                content.authentication?.begin()
                return (.tryAgain(content), reads, transfers, false)
            }
            let again = MediaContent(again: content)
            state.content = .known(again)
            return (.tryAgain(again), reads, transfers, true)
        }
        for transfer in transfers { transfer.cancel() }
        forgetAddresses()
        let reads = detached + (read.map { [$0] } ?? [])
        let failure = services.mediaError(error, sid: sid)
        switch step {
        case .known:
            for read in reads where read.isForDelivery { read.fail(failure) }
        case .condemn:
            services.logger.critical(
                "\(sid) is not what was recorded: \(error.message) Reading it fails from now on.",
                metadata: ["recording": "\(sid)"])
            services.metrics.count(.failed)
            // What was stored of it meanwhile would fail the next trial as well.
            forgetCached()
            for read in reads { read.fail(failure) }
            services.observer.mediaFailedAuthentication(sid, of: resource.accountSID)
        case .tryAgain(let again):
            services.metrics.count(.doubted)
            forgetCached()
            services.logger.warning(
                "\(sid) is not what was recorded: \(error.message) It is fetched once more, past all caches.",
                metadata: ["recording": "\(sid)"])
            // What was released is in the kernel's cache, too.
            if wasReleased { services.observer.mediaIsDoubtful(sid, of: resource.accountSID) }
            // The pieces of an earlier pass are not continued: a new one begins.
            for read in reads where read.isForDelivery {
                if wasReleased {
                    read.fail(failure)
                } else {
                    state.withLock { $0.held.append(read) }
                }
            }
            describeAgain(again)
        }
    }

    /// Learns anew what the media is, tag included, since that may be what was wrong; then has all of it fetched.
    private func describeAgain(_ content: MediaContent) {
        guard case .known(let known) = state.withLock({ $0.facts }) else {
            verificationDidStop(MediaError(.changed, sid, "the media of \(sid) is no longer the one it was"))
            return
        }
        let fetch = DescriptionFetch(file: self) { [self] result, _ in
            switch result {
            case .success(let facts) where facts.describes(sameMediaAs: known):
                services.workers.run { [self] in verify(content) }
            case .success:
                mediaDidChange()
                state.withLock { $0.isVerifying = false }
            case .failure(let error):
                verificationDidStop(error)
            }
        }
        fetch.start()
    }
}

extension MediaFile.State {
    /// Whether content that was declared bad is to be tried anew, should somebody open it.
    func isDueForRetrial(now: ContinuousClock.Instant) -> Bool {
        guard trial == .condemned, let retrial else { return false }
        return retrial.isDueFrom <= now
    }

    /// Has the media described anew and nothing of it released before all of it is verified; the first failure
    /// condemns it again.
    mutating func beginRetrial() {
        doubtFacts()
        content = .unknown
        wasOpened = false
        knownIntegrity = .failed
        trial = .again
    }
}
