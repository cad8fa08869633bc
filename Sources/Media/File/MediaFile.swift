import Envelope
import Logging
import Support
import Transfer
import TwilioAPI

/// One recording's media in the library: facts, content, readers, and the ``ReadPath``.
final class MediaFile: Sendable {
    typealias Opened = FileState.Opened
    let known: KnownMedia
    let content: FileContent
    let reads: ReadPath

    /// Makes a file without content.
    ///
    /// - Parameters:
    ///   - facts: from an earlier description.
    ///   - wasVerified: whether this process verified the media: the kernel's pages are its bytes.
    ///   - failure: the media's failure before an earlier file of it was let go, if any.
    init(
        resource: MediaResource, facts: MediaFacts?, wasVerified: Bool, failure: FormerFailures.Failure?,
        services: MediaServices
    ) {
        known = KnownMedia(facts, of: resource, services: services)
        content = FileContent(of: known, wasVerified: wasVerified, failure: failure)
        reads = ReadPath(of: content)
    }

    var sid: SID { known.sid }
    private var services: MediaServices { known.services }
    private var stream: StreamSource { StreamSource(file: content, reads: reads) }

    /// Drops the ciphertext and cancels transfers; there are no readers left.
    func close() { content.drop(failing: MediaError(.shutDown, sid, "\(sid) was closed")) }

    // MARK: Readers

    func retainReader() { content.state.withLock { $0.readerCount += 1 } }
    func releaseReader() { content.state.withLock { $0.releaseReader() } }
    var hasReaders: Bool { content.state.withLock { $0.readerCount > 0 } }

    /// Whether readers from before the media changed may be left.
    var hasOutdatedReaders: Bool { content.state.withLock { $0.hasOutdatedReaders } }

    /// Notes that the content doesn't account for the kernel's pages.
    func losePages() { content.change { $0.losePages() } }

    var hasBeenOpened: Bool { content.state.withLock { $0.wasOpened } }

    /// Whether the kernel has pages that were verified before this file was made.
    var hasVerifiedPages: Bool { content.state.withLock { $0.hasVerifiedPages } }

    /// Hands the kernel's pages over to the library when the file is let go.
    ///
    /// They are kept only if other content would be verified before bytes of it join them.
    func leavePages() {
        let (mode, limit) = (services.configuration.integrityMode, services.configuration.strictLimit)
        content.state.withLock { state in
            let size = known.facts?.ciphertextSize ?? .max
            let isStrict = IntegrityGate<PendingRead>(earlier: nil).isStrict(size: size, mode: mode, limit: limit)
            let (isKept, wasOpened) = (state.hasAuthenticPages && isStrict, state.wasOpened)
            state.losePages()
            services.pages.withLock { if isKept { $0.keep(sid) } else if wasOpened { $0.lose(sid) } }
        }
    }

    // MARK: State

    /// The known envelope; nil for media that isn't encrypted, and while the facts are unknown.
    var envelope: EnvelopeMetadata? {
        known.facts.flatMap { try? MediaFacts.envelope(of: known.resource, fields: $0.envelopeFields) }
    }

    /// Bytes of ciphertext in the temporary file.
    var streamedBytes: Int64 { content.state.withLock { $0.stream.byteCount } }

    /// The verdict on the bytes; content that failed once counts as failed until it passes.
    var integrity: Integrity {
        let (content, earlier, ofUnverified) = content.state.withLock {
            ($0.content.value, $0.gate.earlier, $0.gate.integrityOfUnverified)
        }
        guard let content else { return earlier ?? (known.resource.encryptionDetails == nil ? .none : .unverified) }
        guard let integrity = content.authentication?.integrity else { return .none }
        return integrity == .unverified ? ofUnverified : integrity
    }

    /// What is to be remembered of media that has failed authentication when its file is let go; nil if it hasn't.
    var failure: FormerFailures.Failure? { content.state.withLock { $0.gate.failure } }

    /// Notes an earlier verdict on the same media, unless the content is open or being opened.
    func learn(_ integrity: Integrity) {
        content.state.withLock { if case .unknown = $0.content { $0.gate.learn(integrity) } }
    }

    // MARK: Describing

    /// Learns size and envelope, unless they are known.
    func describe(priority: Priority = .reader, completion: @escaping Learnt<MediaFacts>.Waiter) {
        let hasReaders = hasReaders
        let step = known.state.withLock {
            $0.describe(priority, hasReaders: hasReaders, now: services.now, waiter: completion)
        }
        switch step {
        case .answer(let facts): completion(.success(facts))
        case .begin(let priority):
            services.metrics.descriptionBegan()
            DescriptionFetch(of: known, delegate: stream, priority: priority, patience: .standard) {
                [self] result, ignoresRanges in
                descriptionDidEnd(result, ignoresRanges: ignoresRanges)
            }.start()
        case .join(let joined): joined.raise(to: priority)
        }
    }

    private func descriptionDidEnd(_ described: Result<MediaFacts, MediaError>, ignoresRanges: Bool) {
        let (described, isSettled) = known.settled(described)
        services.metrics.descriptionEnded(described)
        let end = content.state.withLock { state -> FactsState.End? in
            let end = known.state.withLock {
                $0.end(described, isSettled: isSettled, now: services.now)
            }
            if let end, end.isLearnt { state.ignoresRanges = ignoresRanges }
            return end
        }
        guard let end else { return }
        var result = described
        if end.keepsEarlier {
            let error = known.error(.transferFailed, "broke off before the end that it had")
            result = .failure(error)
            // The stream may have been kept for reads.
            content.drop(failing: error)
        }
        if end.hasChanged {
            content.forgetMedia()
            if end.hasChangedSize { content.failOpenings() }
        }
        if case .success(let facts) = result { known.factsWereLearnt(facts) }
        for waiter in end.waiting { waiter(result) }
    }

    // MARK: Opening

    /// Opens the content; `isAhead` if no reader asks.
    func open(isAhead: Bool = false, completion: @escaping Learnt<Opened>.Waiter) {
        let waiter: Learnt<MediaContent>.Waiter = { [self] result in
            completion(result.map { opened in content.state.withLock { $0.markOpened(opened, isAhead: isAhead) } })
        }
        let opening = content.change { state -> FileState.Opening in
            let opening = state.open(isAhead: isAhead, now: services.now, waiter: waiter)
            switch opening {
            // A retrial learns the facts again.
            case .begin(.some, _): known.doubt()
            // Where the server ignores ranges, another description can't confirm the facts either.
            case .begin(nil, _) where !state.ignoresRanges: known.doubtUnsureFacts()
            default: break
            }
            return opening
        }
        switch opening {
        case .answer(let opened): completion(.success(opened))
        case .begin(let detached, let number):
            if let detached { content.end(detached, failing: content.hasChanged) }
            openDescribed(number)
        case .wait: break
        case .refused:
            completion(.failure(MediaError(.authenticationFailed, sid, "\(sid) failed authentication")))
        }
    }

    /// Returns the open content to a reader; nil if none is open or a retrial is due.
    func openAtHand() -> Opened? { content.state.withLock { $0.openAtHand(now: services.now) } }

    /// Describes the media if needed and opens its envelope, for an opening; `isAgain` on the second try.
    private func openDescribed(_ opening: FileState.OpeningNumber, isAgain: Bool = false) {
        describe { [self] result in
            switch result {
            case .success where known.isCut && !isAgain:
                contentDidEnd(opening, .failure(known.endIsMissing))
            case .success(let facts):
                // RSA takes milliseconds, so it runs neither on the transfer thread nor on libfuse's threads.
                services.workers.run { [self] in openEnvelope(opening, of: facts, isAgain: isAgain) }
            case .failure(let error):
                contentDidEnd(opening, .failure(error))
            }
        }
    }

    /// Opens the envelope and ends the opening; `isAgain` if the facts were learned again for this.
    private func openEnvelope(_ opening: FileState.OpeningNumber, of facts: MediaFacts, isAgain: Bool) {
        let result = Result { () throws(MediaError) in try makeContent(facts) }
        let lacksKey = if case .failure(let error) = result { error.code == .keyNotHeld } else { false }
        if lacksKey, !known.namesKey {
            // The resource names no key, and an earlier version may have stored the facts without noting the envelope.
            services.observer.mediaWasDescribed(sid, of: known.resource.accountSID, as: facts)
        }
        // Either may come of damaged headers.
        let isDamaged = if case .failure(let error) = result { error.code == .integrityFailed } else { false }
        let isDoubtful = (lacksKey || isDamaged) && !facts.envelopeFields.isEmpty
        if isDoubtful, !isAgain, services.isKeyHeld(for: known.resource) == true {
            // The key has opened other envelopes, so this one's headers may have been damaged.
            known.doubt()
            openDescribed(opening, isAgain: true)
        } else {
            contentDidEnd(opening, result)
        }
    }

    private func makeContent(_ facts: MediaFacts) throws(MediaError) -> MediaContent {
        do throws(EnvelopeError) {
            guard let metadata = try MediaFacts.envelope(of: known.resource, fields: facts.envelopeFields) else {
                return MediaContent(plaintextSize: facts.plaintextSize, facts: facts)
            }
            let key = try services.contentKey(for: metadata, facts: facts, of: known.resource)
            services.reportOverflow()
            // The padding in the last block agrees with the sizes.
            if metadata.cipher.isPadded { known.confirm(facts) }
            let (mode, limit) = (services.configuration.integrityMode, services.configuration.strictLimit)
            let isStrict = content.state.withLock {
                $0.hasVerifiedPages || $0.gate.isStrict(size: facts.ciphertextSize, mode: mode, limit: limit)
            }
            return try MediaContent(
                facts: facts, metadata: metadata, key: key, isStrict: isStrict,
                checksBeginning: services.keys.now.ring.hasSeveralCandidates(for: metadata))
        } catch {
            throw MediaError(error, sid)
        }
    }

    private func contentDidEnd(_ opening: FileState.OpeningNumber, _ result: Result<MediaContent, MediaError>) {
        guard let opened = try? result.get(), services.diskCache != nil else {
            return contentDidEnd(opening, result, cachedUnits: [])
        }
        // The index of the cache is on the disk, which may be slow.
        let cache = content.cache(of: opened)
        services.disk.run {
            cache.units
        } completion: { [self] units in
            contentDidEnd(opening, result, cachedUnits: units ?? [])
        }
    }

    private func contentDidEnd(
        _ opening: FileState.OpeningNumber, _ result: Result<MediaContent, MediaError>, cachedUnits: Set<Int>
    ) {
        let waiting = content.state.withLock { state -> [Learnt<MediaContent>.Waiter] in
            guard let waiting = state.end(result, of: opening, cachedUnits: cachedUnits) else { return [] }
            // The description may be wrong.
            if case .failure(let error) = result, error.code != .keyNotHeld { known.doubt() }
            return waiting
        }
        switch result {
        case .failure(let error) where error.code == .authenticationFailed:
            services.logger.critical(
                "\(sid): authentication failed (\(error.message)); it can't be opened",
                metadata: ["recording": "\(sid)"])
        case .success(let opened) where opened.authentication?.integrity == .verified:
            // An empty content is verified without a read.
            Verification(file: content, reads: reads).contentDidPass(opened)
        default: break
        }
        for waiter in waiting { waiter(result) }
        stream.advance()
    }
}
