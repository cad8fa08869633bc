import Envelope
import Logging
import Support
import Transfer
import TwilioAPI

/// The verification of a file's content: the pass that fetches all of it, and what follows from the verdict.
///
/// Content that fails is fetched once more, past all caches, before it is declared bad (``IntegrityGate``). What was
/// released of it stays condemned all the same: its readers fail for good, and whoever opens the file anew gets nothing
/// before the second attempt has passed.
struct Verification {
    typealias Pass = FileState.Pass

    let file: FileContent
    let reads: any ReadRunner

    private var known: KnownMedia { file.known }
    private var services: MediaServices { file.services }
    private var logMetadata: Logger.Metadata { ["recording": "\(known.sid)"] }

    // MARK: The pass

    /// A read is held back until its content is verified.
    ///
    /// - Parameter pass: begins with the read; nil when one is under way.
    func readIsHeld(_ read: PendingRead, begins pass: Pass?) {
        if let pass {
            fetchAll(of: read.content, in: pass)
        } else if !read.content.isHeldBack {
            // Decided between the question and the answer.
            resume(file.state.withLock { $0.gate.takeHeld() })
        }
    }

    /// Has all of a content fetched and verified, unless that is being done.
    func beginPass(of content: MediaContent) {
        // Of content that was given up meanwhile nothing is fetched.
        let pass = file.state.withLock { $0.isCurrent(content) ? $0.gate.beginPass() : nil }
        if let pass { fetchAll(of: content, in: pass) }
    }

    /// Fetches what hasn't been authenticated of a content, until there is a verdict.
    private func fetchAll(of content: MediaContent, in pass: Pass) {
        fetchNext(of: content, in: pass, at: ReadingPlace(first: content.contentSize))
    }

    private func fetchNext(of content: MediaContent, in pass: Pass, at place: ReadingPlace) {
        guard let authentication = content.authentication, authentication.integrity == .unverified,
            let missing = authentication.firstMissingRange
        else {
            resume(file.state.withLock { $0.gate.endPass(pass) })
            return
        }
        let end = min(missing.upperBound, missing.lowerBound + PendingRead.largest)
        let (isUnderWay, isAwaited) = file.state.withLock { ($0.gate.isUnderWay(pass), $0.gate.isAwaited) }
        guard isUnderWay else { return }
        reads.run(
            PendingRead(
                range: missing.lowerBound..<end, content: content, place: place,
                purpose: .arrival { result in
                    switch result {
                    case .success:
                        // Not here: the stack would grow with each piece.
                        services.workers.run { fetchNext(of: content, in: pass, at: place) }
                    case .failure(let error):
                        passDidStop(pass, error)
                    }
                }, priority: isAwaited ? .reader : .readAhead))
    }

    /// The content couldn't be fetched: the reads that wait for the verdict fail, and the next one tries again.
    private func passDidStop(_ pass: Pass, _ error: MediaError) {
        for read in file.state.withLock({ $0.gate.endPass(pass) }) { read.fail(error) }
    }

    /// Runs reads again that were held back.
    private func resume(_ held: [PendingRead]) {
        for read in held { services.workers.run { reads.run(read) } }
    }

    // MARK: The verdict

    /// All of the content has come, and the tag agrees.
    func contentDidPass() {
        let hadFailed = file.state.withLock { $0.gate.pass() }
        known.confirm()
        if hadFailed {
            services.logger.notice(
                "\(known.sid): verified (the second fetch matches its GCM tag); reads go on", metadata: logMetadata)
        }
        services.metrics.count(.verified)
        services.observer.mediaWasVerified(known.sid, of: known.resource.accountSID)
    }

    /// The content is not what was sealed: nothing of it is released any more.
    ///
    /// - Parameters:
    ///   - attempt: the one in which that was found out.
    ///   - read: the one for which it was found out, if it was one; shares the fate of those that wait.
    func contentDidFail(
        _ content: MediaContent, attempt: ContentAuthentication.Attempt, _ error: EnvelopeError,
        in read: PendingRead? = nil
    ) {
        let firstWait = services.configuration.retrialWait
        let (outcome, transfers) = file.state.withLock {
            $0.authenticationDidFail(content, attempt: attempt, in: read, firstWait: firstWait, now: .now)
        }
        for transfer in transfers { transfer.cancel() }
        known.forgetAddresses()
        let failure = MediaError(error, known.sid)
        switch outcome {
        case .known:
            if let read, read.isForDelivery { read.fail(failure) }
        case .condemned(let reads):
            services.logger.critical(
                """
                \(known.sid): authentication failed twice (\(error.message)); reads return EIO until a fetch is \
                verified
                """,
                metadata: logMetadata)
            services.metrics.count(.failed)
            // What was stored of it meanwhile would fail the next trial as well.
            file.cache.forget()
            for read in reads { read.fail(failure) }
            services.observer.mediaFailedAuthentication(known.sid, of: known.resource.accountSID)
        case .tryAgain(let again, let pass, let failed, let wasReleased):
            services.metrics.count(.doubted)
            file.cache.forget()
            services.logger.warning(
                "\(known.sid): authentication failed (\(error.message)); it is fetched again, past all caches",
                metadata: logMetadata)
            // What was released is in the kernel's cache, too.
            if wasReleased { services.observer.mediaIsDoubtful(known.sid, of: known.resource.accountSID) }
            for read in failed { read.fail(failure) }
            describeAgain(again, for: pass)
        }
    }

    /// Learns anew what the media is, tag included, since that may be what was wrong; then has all of it fetched.
    private func describeAgain(_ content: MediaContent, for pass: Pass) {
        guard let facts = known.facts else {
            passDidStop(pass, file.hasChanged)
            return
        }
        let streams = StreamSource(file: file, reads: reads)
        DescriptionFetch(of: known, streams: streams) { result, _ in
            switch result {
            case .success(let again) where again.describes(sameMediaAs: facts):
                services.workers.run { fetchAll(of: content, in: pass) }
            case .success:
                // The pass ends with its content.
                file.mediaDidChange()
            case .failure(let error):
                passDidStop(pass, error)
            }
        }.start()
    }
}
