import Envelope
import Logging
import Support
import Transfer
import TwilioAPI

/// The verification of a file's content: the pass that fetches all of it, and the actions after the verdict.
///
/// Content that fails is fetched again, bypassing all caches, before it is condemned (``IntegrityGate``). Bytes
/// released before stay condemned: their readers fail for good, and new readers get nothing before the second attempt
/// passes.
struct Verification {
    typealias Pass = FileState.Pass
    let file: FileContent
    let reads: any ReadRunner

    private var known: KnownMedia { file.known }
    private var services: MediaServices { file.services }
    private var logMetadata: Logger.Metadata { ["recording": "\(known.sid)"] }

    // MARK: The pass

    /// Acts on a held read; `pass` begins with it, or is nil if one is in progress.
    func readIsHeld(_ read: PendingRead, begins pass: Pass?) {
        if let pass {
            fetchAll(of: read.content, in: pass)
        } else if !read.content.isHeldBack {
            // The verdict came after the read was held.
            resume(file.state.withLock { $0.gate.takeHeld() })
        }
    }

    /// Fetches and verifies all of a content, unless that is in progress.
    func beginPass(of content: MediaContent) {
        // Dropped content isn't fetched.
        let pass = file.state.withLock { $0.isCurrent(content) ? $0.gate.beginPass() : nil }
        if let pass { fetchAll(of: content, in: pass) }
    }

    /// Fetches the missing ciphertext of a content until there is a verdict.
    private func fetchAll(of content: MediaContent, in pass: Pass) {
        fetchNext(of: content, in: pass, at: ReadingPlace(first: content.contentSize))
    }

    private func fetchNext(of content: MediaContent, in pass: Pass, at place: ReadingPlace) {
        guard let authentication = content.authentication, authentication.integrity == .unverified else {
            resume(file.state.withLock { $0.gate.endPass(pass) })
            return
        }
        guard let missing = authentication.firstMissingRange else {
            // The held reads would begin one pass after the other.
            passDidStop(pass, known.error(.transferFailed, "came without its tag"))
            return
        }
        let end = min(missing.upperBound, missing.lowerBound + PendingRead.largest)
        guard let isAwaited = file.state.withLock({ $0.gate.beginPiece(of: pass) }) else { return }
        reads.run(
            PendingRead(
                range: missing.lowerBound..<end, content: content, place: place,
                purpose: .arrival { result in
                    switch result {
                    case .success:
                        // A worker fetches the next piece, since the stack would grow with each piece otherwise.
                        services.workers.run { fetchNext(of: content, in: pass, at: place) }
                    case .failure where !isAwaited && file.state.withLock({ $0.gate.mayGoOn(pass) }):
                        // Only read-ahead has failed.
                        services.workers.run { fetchNext(of: content, in: pass, at: place) }
                    case .failure(let error):
                        passDidStop(pass, error)
                    }
                }, priority: isAwaited ? .reader : .readAhead))
    }

    /// Ends a pass without a verdict: the held reads fail, and the next one tries again.
    private func passDidStop(_ pass: Pass, _ error: MediaError) {
        for read in file.state.withLock({ $0.gate.endPass(pass) }) { read.fail(error) }
    }

    /// Runs held reads again.
    private func resume(_ held: [PendingRead]) {
        for read in held { services.workers.run { reads.run(read) } }
    }

    // MARK: The verdict

    /// Acts on a passed authentication, unless the content was dropped meanwhile.
    func contentDidPass(_ content: MediaContent) {
        guard let hadFailed = file.state.withLock({ $0.isCurrent(content) ? $0.gate.pass() : nil }) else { return }
        known.confirm(content.facts)
        if hadFailed {
            services.logger.notice(
                "\(known.sid): verified (the second fetch matches its GCM tag); reads go on", metadata: logMetadata)
        }
        services.metrics.count(.verified)
        services.observer.mediaWasVerified(known.sid, of: known.resource.accountSID)
    }

    /// Acts on a failed authentication: nothing of the content is released any more.
    ///
    /// - Parameters:
    ///   - attempt: the failed attempt.
    ///   - read: the read that found the failure, if any; treated like the waiting ones.
    func contentDidFail(
        _ content: MediaContent, attempt: ContentAuthentication.Attempt, _ error: EnvelopeError,
        in read: PendingRead? = nil
    ) {
        let firstWait = services.configuration.retrialWait
        let (outcome, transfers) = file.change {
            $0.authenticationDidFail(content, attempt: attempt, in: read, firstWait: firstWait, now: services.now)
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
                \(known.sid): authentication failed again (\(error.message)); reads return EIO until a fetch is \
                verified
                """,
                metadata: logMetadata)
            services.metrics.count(.failed)
            // Units stored meanwhile would fail the next trial as well.
            file.forgetUnits()
            for read in reads { read.fail(failure) }
            services.observer.mediaFailedAuthentication(known.sid, of: known.resource.accountSID)
        case .tryAgain(let again, let pass, let failed, let wasReleased):
            services.metrics.count(.doubted)
            file.forgetUnits()
            services.logger.warning(
                "\(known.sid): authentication failed (\(error.message)); it is fetched again, past all caches",
                metadata: logMetadata)
            // Released bytes are in the kernel's cache too.
            if wasReleased { services.observer.mediaIsDoubtful(known.sid, of: known.resource.accountSID) }
            for read in failed { read.fail(failure) }
            describeAgain(again, for: pass)
        }
    }

    /// Describes the media again, since the tag may be wrong; then fetches all of the content.
    private func describeAgain(_ content: MediaContent, for pass: Pass) {
        guard let facts = known.facts else {
            passDidStop(pass, file.hasChanged)
            return
        }
        DescriptionFetch(of: known, delegate: StreamSource(file: file, reads: reads)) { result, _ in
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
