import Envelope
import Logging
import Support
import Transfer
import TwilioAPI

/// One recording's media: what is known of it, its content key, the ciphertext at hand, and who waits for what.
///
/// Everything that changes is in ``State``, under one lock. The lock is let go before anything is called that isn't
/// part of the state: transfers, completions, readers, the observer. Locks within the content (its authentication) are
/// taken without it.
final class MediaFile: Sendable {
    /// What opening a file gives.
    struct Opened: Sendable {
        let content: MediaContent

        /// Whether this very content was opened before, so that all pages which the kernel may have came through it.
        let isContinued: Bool
    }

    struct State {
        var content = Learnt<MediaContent>.unknown

        /// Ciphertext fetched in ranges; made when the content is known.
        var blocks: BlockMap<PendingRead>?

        /// The transfers of the fetches that are under way.
        var transfers: [Int: TransferSlot] = [:]

        /// Whether the server sends everything whatever range is asked for.
        ///
        /// Then one stream is kept instead of blocks.
        var ignoresRanges = false
        var stream = StreamState()

        var gate: IntegrityGate<PendingRead>

        var readerCount = 0

        /// Whether somebody may still read the media that was there before it changed.
        var hasOutdatedReaders = false

        /// Whether the content that is known has been opened before: then the kernel's pages are of its bytes.
        var wasOpened = false
    }

    let known: KnownMedia
    let state: Locked<State>
    var services: MediaServices { known.services }

    /// Makes a file of which nothing is at hand.
    ///
    /// - Parameters:
    ///   - facts: what is known of its media from before.
    ///   - wasVerified: whether all of it was read and verified by this process, so that the kernel's pages are of its
    ///     bytes.
    init(resource: MediaResource, facts: MediaFacts?, wasVerified: Bool, services: MediaServices) {
        known = KnownMedia(facts, of: resource, services: services)
        let wasVerified = wasVerified && known.facts != nil
        state = Locked(State(gate: IntegrityGate(earlier: wasVerified ? .verified : nil), wasOpened: wasVerified))
    }

    /// Takes note of what was found out about this very media before, unless this process knows better.
    func learn(_ integrity: Integrity) {
        state.withLock { state in
            if case .unknown = state.content { state.gate.learn(integrity) }
        }
    }

    var sid: SID { known.sid }

    /// Bytes of ciphertext in a temporary file.
    var streamedBytes: Int64 { state.withLock { $0.stream.byteCount } }

    /// Whether somebody has opened it.
    var hasBeenOpened: Bool { state.withLock { $0.wasOpened } }

    var hasReaders: Bool { state.withLock { $0.readerCount > 0 } }

    /// What is known of the truth of the bytes.
    ///
    /// What has failed once is taken for failed until it has passed.
    var integrity: Integrity {
        let (content, earlier, ofUnverified) = state.withLock {
            ($0.content.value, $0.gate.earlier, $0.gate.integrityOfUnverified)
        }
        guard let content else { return earlier ?? (known.resource.encryptionDetails == nil ? .none : .unverified) }
        guard let integrity = content.authentication?.integrity else { return .none }
        return integrity == .unverified ? ofUnverified : integrity
    }

    /// Counts a reader.
    func retainReader() {
        state.withLock { $0.readerCount += 1 }
    }

    func releaseReader() {
        state.withLock { state in
            state.readerCount -= 1
            if state.readerCount == 0 { state.hasOutdatedReaders = false }
        }
    }

    /// Whether somebody may still read the media that was there before it changed.
    var hasOutdatedReaders: Bool { state.withLock { $0.hasOutdatedReaders } }

    /// Whether a content is what is known of the media now.
    func isCurrent(_ content: MediaContent) -> Bool {
        guard case .known(let known) = state.withLock({ $0.content }) else { return false }
        return known === content
    }

    /// Lets go of the ciphertext and ends what is under way for it.
    ///
    /// There is no reader any more.
    func close() {
        letGo(failing: MediaError(.shutDown, sid, "\(sid) was closed"))
    }

    // MARK: Opening

    /// Makes the file ready for reading: learns what has to be known and unwraps the content key.
    ///
    /// - Parameter isAhead: whether nobody has opened it yet, so that the kernel's pages still are of what was before.
    func open(isAhead: Bool = false, completion: @escaping @Sendable (Result<Opened, MediaError>) -> Void) {
        enum Step {
            case answer(Opened)
            case begin
            case wait
        }
        let waiter: @Sendable (Result<MediaContent, MediaError>) -> Void = { [self] result in
            completion(result.map { markOpened($0, isAhead: isAhead) })
        }
        let step = state.withLock { state -> Step in
            if state.gate.isDueForRetrial(now: .now) {
                known.doubt()
                state.beginRetrial()
            }
            switch state.content {
            case .known(let content):
                defer { state.wasOpened = state.wasOpened || !isAhead }
                return .answer(Opened(content: content, isContinued: state.wasOpened))
            case .pending(let waiting):
                state.content = .pending(waiting + [waiter])
                return .wait
            case .unknown:
                state.content = .pending([waiter])
                // A server that was found to ignore ranges would only tell the same again.
                if !state.ignoresRanges { known.doubtUnsureFacts() }
                return .begin
            }
        }
        switch step {
        case .answer(let opened):
            completion(.success(opened))
        case .wait:
            break
        case .begin:
            describe { [self] result in
                switch result {
                case .success where known.isCut:
                    contentDidEnd(.failure(known.endIsMissing))
                case .success(let facts):
                    // RSA takes milliseconds: not on the transfer thread, not on one of libfuse's.
                    services.workers.run { [self] in openEnvelope(of: facts) }
                case .failure(let error):
                    contentDidEnd(.failure(error))
                }
            }
        }
    }

    /// Opens the file if its content is known.
    func openAtHand() -> Opened? {
        state.withLock { state in
            guard case .known(let content) = state.content, !state.gate.isDueForRetrial(now: .now) else { return nil }
            defer { state.wasOpened = true }
            return Opened(content: content, isContinued: state.wasOpened)
        }
    }

    /// What an opening that had to wait gets.
    private func markOpened(_ content: MediaContent, isAhead: Bool) -> Opened {
        state.withLock { state in
            // It may have changed since; then nothing that is kept belongs to it.
            guard case .known(let known) = state.content, known === content else {
                return Opened(content: content, isContinued: false)
            }
            defer { state.wasOpened = state.wasOpened || !isAhead }
            return Opened(content: content, isContinued: state.wasOpened)
        }
    }

    private func contentDidEnd(_ result: Result<MediaContent, MediaError>) {
        let cachedUnits = cachedUnits()
        let waiting = state.withLock { state -> [@Sendable (Result<MediaContent, MediaError>) -> Void] in
            guard case .pending(let waiting) = state.content else { return [] }
            switch result {
            case .success(let content):
                state.content = .known(content)
                state.gate.contentDidOpen()
                state.blocks = BlockMap(
                    contentSize: content.contentSize, releasesWholeBlocks: content.authentication != nil,
                    nextFetch: state.blocks?.nextFetch ?? 0)
                // While it is in doubt nothing comes from a cache.
                state.blocks?.cachedUnits = state.gate.trial == .first ? cachedUnits : []
            case .failure(let error):
                state.content = .unknown
                // It may be the description that was wrong.
                if error.code != .keyNotHeld { known.doubt() }
            }
            return waiting
        }
        if case .failure(let error) = result, error.code == .authenticationFailed {
            services.logger.critical(
                "\(sid) is not what was recorded: \(error.message)", metadata: ["recording": "\(sid)"])
        }
        // Nothing has to be read to verify an empty content.
        if case .success(let content) = result, content.authentication?.integrity == .verified {
            contentWasVerified(content)
        }
        for completion in waiting { completion(result) }
        advanceStream()
    }

    /// Opens the envelope that facts describe, and ends the opening with what comes of it.
    ///
    /// - Parameter isAgain: whether the facts were learnt anew for this.
    private func openEnvelope(of facts: MediaFacts, isAgain: Bool = false) {
        let result = Result { () throws(MediaError) in try makeContent(facts) }
        if case .failure(let error) = result, error.code == .keyNotHeld, !known.namesKey {
            // What was described by an earlier version, or when the resource named a key, isn't known to be encrypted.
            services.observer.mediaWasDescribed(sid, of: known.resource.accountSID, as: facts)
        }
        guard !isAgain, case .failure(let error) = result, error.code == .keyNotHeld, !facts.envelopeFields.isEmpty,
            services.isKeyHeld(for: known.resource) == true
        else {
            contentDidEnd(result)
            return
        }
        // The key has opened other envelopes: it may be that the headers which describe this one came damaged.
        known.doubt()
        describe { [self] result in
            switch result {
            case .success(let facts): services.workers.run { [self] in openEnvelope(of: facts, isAgain: true) }
            case .failure(let error): contentDidEnd(.failure(error))
            }
        }
    }

    /// Opens the envelope.
    private func makeContent(_ facts: MediaFacts) throws(MediaError) -> MediaContent {
        do throws(EnvelopeError) {
            guard let metadata = try MediaFacts.envelope(of: known.resource, fields: facts.envelopeFields) else {
                return MediaContent(plaintextSize: facts.plaintextSize)
            }
            let key = try services.contentKey(for: metadata, facts: facts, of: known.resource)
            // The padding in the last block agreed with the sizes.
            if metadata.cipher.isPadded { known.confirm() }
            return try MediaContent(
                facts: facts, metadata: metadata, key: key, isStrict: isStrict(ciphertextSize: facts.ciphertextSize))
        } catch {
            throw MediaError(error, sid)
        }
    }

    /// Whether nothing of the content is to be released before all of it is verified.
    private func isStrict(ciphertextSize: Int64) -> Bool {
        let configuration = services.configuration
        return state.withLock {
            $0.gate.isStrict(
                size: ciphertextSize, mode: configuration.integrityMode, limit: configuration.strictLimit)
        }
    }
}
