import Envelope
import Logging
import Support
import Transfer
import TwilioAPI

/// One recording's media, as the library has it: what is known of it, its content, and who has it open.
///
/// Reads of it go through its ``ReadPath``.
final class MediaFile: Sendable {
    typealias Opened = FileState.Opened

    let known: KnownMedia
    let content: FileContent
    let reads: ReadPath

    /// Makes a file of which nothing is at hand.
    ///
    /// - Parameters:
    ///   - facts: what is known of its media from before.
    ///   - wasVerified: whether all of it was read and verified by this process, so that the kernel's pages are of its
    ///     bytes.
    init(resource: MediaResource, facts: MediaFacts?, wasVerified: Bool, services: MediaServices) {
        known = KnownMedia(facts, of: resource, services: services)
        content = FileContent(of: known, wasVerified: wasVerified && known.facts != nil)
        reads = ReadPath(of: content)
    }

    var sid: SID { known.sid }
    private var services: MediaServices { known.services }
    private var stream: StreamSource { StreamSource(file: content, reads: reads) }

    /// Lets go of the ciphertext and ends what is under way for it.
    ///
    /// There is no reader any more.
    func close() {
        content.letGo(failing: MediaError(.shutDown, sid, "\(sid) was closed"))
    }

    // MARK: Readers

    /// Counts a reader.
    func retainReader() {
        content.state.withLock { $0.readerCount += 1 }
    }

    /// A reader has gone.
    func releaseReader() {
        content.state.withLock { $0.releaseReader() }
    }

    var hasReaders: Bool { content.state.withLock { $0.readerCount > 0 } }

    /// Whether somebody may still read the media that was there before it changed.
    var hasOutdatedReaders: Bool { content.state.withLock { $0.hasOutdatedReaders } }

    /// Whether somebody has opened it.
    var hasBeenOpened: Bool { content.state.withLock { $0.wasOpened } }

    // MARK: What is at hand

    /// Bytes of ciphertext in a temporary file.
    var streamedBytes: Int64 { content.state.withLock { $0.stream.byteCount } }

    /// What is known of the truth of the bytes.
    ///
    /// Content that has failed once counts as failed until it has passed.
    var integrity: Integrity {
        let (content, earlier, ofUnverified) = content.state.withLock {
            ($0.content.value, $0.gate.earlier, $0.gate.integrityOfUnverified)
        }
        guard let content else { return earlier ?? (known.resource.encryptionDetails == nil ? .none : .unverified) }
        guard let integrity = content.authentication?.integrity else { return .none }
        return integrity == .unverified ? ofUnverified : integrity
    }

    /// Takes note of what was found out about this very media before, unless this process knows better.
    func learn(_ integrity: Integrity) {
        content.state.withLock { state in
            if case .unknown = state.content { state.gate.learn(integrity) }
        }
    }

    // MARK: Describing

    /// Learns size and envelope, unless they are known.
    ///
    /// - Parameter priority: how urgent it is.
    func describe(priority: Priority = .reader, completion: @escaping Learnt<MediaFacts>.Waiter) {
        switch known.describe(priority, hasReaders: hasReaders, waiter: completion) {
        case .answer(let facts): completion(.success(facts))
        case .begin:
            services.metrics.descriptionBegan()
            DescriptionFetch(of: known, streams: stream, priority: priority) { [self] result, ignoresRanges in
                descriptionDidEnd(result, ignoresRanges: ignoresRanges, priority: priority)
            }.start()
        case .wait: break
        }
    }

    /// The description has come, or failed.
    private func descriptionDidEnd(
        _ described: Result<MediaFacts, MediaError>, ignoresRanges: Bool, priority: Priority
    ) {
        let (described, isSettled) = known.settled(described)
        services.metrics.descriptionEnded(described)
        let end = content.state.withLock { state -> FactsState.End? in
            let end = known.descriptionDidEnd(described, isSettled: isSettled, priority: priority)
            if let end, end.isLearnt { state.ignoresRanges = ignoresRanges }
            return end
        }
        guard let end else { return }
        var result = described
        if end.keepsEarlier {
            let error = MediaError(.transferFailed, sid, "the media of \(sid) broke off before the end that it had")
            result = .failure(error)
            // The stream may have been kept.
            content.letGo(failing: error)
        }
        if end.hasChanged {
            content.forgetMedia()
            if end.hasChangedSize { content.failOpenings() }
        }
        if case .success(let facts) = result { known.factsWereLearnt(facts) }
        for waiter in end.waiting { waiter(result) }
    }

    // MARK: Opening

    /// Makes the file ready for reading: learns what has to be known and unwraps the content key.
    ///
    /// - Parameter isAhead: whether nobody reads yet, so that the kernel's pages still are of what was before.
    func open(isAhead: Bool = false, completion: @escaping Learnt<Opened>.Waiter) {
        let waiter: Learnt<MediaContent>.Waiter = { [self] result in
            completion(
                result.map { opened in content.state.withLock { $0.markOpened(opened, isAhead: isAhead) } })
        }
        let opening = content.state.withLock { state -> FileState.Opening in
            let opening = state.open(isAhead: isAhead, now: .now, waiter: waiter)
            switch opening {
            case .begin(.some): known.doubt()
            // A server that was found to ignore ranges would only tell the same again.
            case .begin(nil) where !state.ignoresRanges: known.doubtUnsureFacts()
            default: break
            }
            return opening
        }
        switch opening {
        case .answer(let opened): completion(.success(opened))
        case .begin(let detached):
            if let detached { content.end(detached, failing: content.hasChanged) }
            openDescribed()
        case .wait: break
        }
    }

    /// Opens the file if its content is known.
    func openAtHand() -> Opened? {
        content.state.withLock { $0.openAtHand(now: .now) }
    }

    /// Opens the envelope of the media, and has it described before if it isn't known.
    ///
    /// - Parameter isAgain: whether the envelope that was known couldn't be opened.
    private func openDescribed(isAgain: Bool = false) {
        describe { [self] result in
            switch result {
            case .success where known.isCut && !isAgain:
                contentDidEnd(.failure(known.endIsMissing))
            case .success(let facts):
                // RSA takes milliseconds: not on the transfer thread, not on one of libfuse's.
                services.workers.run { [self] in openEnvelope(of: facts, isAgain: isAgain) }
            case .failure(let error):
                contentDidEnd(.failure(error))
            }
        }
    }

    /// Opens the envelope that facts describe, and ends the opening with what comes of it.
    ///
    /// - Parameter isAgain: whether the facts were learnt anew for this.
    private func openEnvelope(of facts: MediaFacts, isAgain: Bool) {
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
        openDescribed(isAgain: true)
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
        return content.state.withLock {
            $0.gate.isStrict(
                size: ciphertextSize, mode: configuration.integrityMode, limit: configuration.strictLimit)
        }
    }

    /// The content was opened, or couldn't be.
    private func contentDidEnd(_ result: Result<MediaContent, MediaError>) {
        let cachedUnits = content.cache.units
        let waiting = content.state.withLock { state -> [Learnt<MediaContent>.Waiter] in
            guard let waiting = state.end(result, cachedUnits: cachedUnits) else { return [] }
            // It may be the description that was wrong.
            if case .failure(let error) = result, error.code != .keyNotHeld { known.doubt() }
            return waiting
        }
        switch result {
        case .failure(let error) where error.code == .authenticationFailed:
            services.logger.critical(
                "\(sid): authentication failed (\(error.message)); it can't be opened",
                metadata: ["recording": "\(sid)"])
        // Nothing has to be read to verify an empty content.
        case .success(let opened) where opened.authentication?.integrity == .verified:
            Verification(file: content, reads: reads).contentDidPass()
        default: break
        }
        for waiter in waiting { waiter(result) }
        stream.advance()
    }
}
