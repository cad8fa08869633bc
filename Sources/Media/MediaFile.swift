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
        var facts: Learnt<MediaFacts>

        /// Facts that are being learnt anew: those who relied on them are told if the new ones are others.
        var doubtedFacts: MediaFacts?

        /// Whether the facts are of media whose end is missing, and perhaps on its way: it can't be opened.
        var isCut = false

        /// Whether the voice recording couldn't be had in as many channels as it has.
        var hasRefusedChannels = false

        /// When facts that aren't confirmed have to be learnt anew; nil for those of an earlier mount, and confirmed
        /// ones.
        var factsAreDoubtedFrom: ContinuousClock.Instant?

        /// How urgent the fetches are that learn them: more than one only where the first was background work, which
        /// may be queued for as long as others need, and somebody came who needs them sooner.
        var describing: [Priority] = []
        var content = Learnt<MediaContent>.unknown

        /// Ciphertext fetched in ranges; made when the content is known.
        var blocks: BlockMap<PendingRead>?

        /// The transfers of the fetches that are under way.
        var transfers: [Int: TransferSlot] = [:]

        /// Whether the server sends everything whatever range is asked for.
        ///
        /// Then one stream is kept instead of blocks.
        var ignoresRanges = false
        var spool: SpooledContent?

        var gate: IntegrityGate<PendingRead>

        var readerCount = 0

        /// Whether somebody may still read the media that was there before it changed.
        var hasOutdatedReaders = false

        /// Whether the content that is known has been opened before: then the kernel's pages are of its bytes.
        var wasOpened = false
    }

    let resource: MediaResource
    let services: MediaServices
    let state: Locked<State>

    /// The source of addresses; made when first needed.
    ///
    /// Nil in between.
    let addressSource = Locked<MediaAddressSource?>(nil)

    /// Makes a file of which nothing is at hand.
    ///
    /// - Parameters:
    ///   - facts: what is known of its media from before.
    ///   - wasVerified: whether all of it was read and verified by this process, so that the kernel's pages are of its
    ///     bytes.
    init(resource: MediaResource, facts: MediaFacts?, wasVerified: Bool, services: MediaServices) {
        self.resource = resource
        self.services = services
        let agree = facts?.agree(with: resource) ?? false
        let wasVerified = wasVerified && agree
        state = Locked(
            State(
                facts: facts.flatMap { agree ? .known($0) : nil } ?? .unknown, doubtedFacts: agree ? nil : facts,
                hasRefusedChannels: facts?.requestedChannels == 0,
                gate: IntegrityGate(earlier: wasVerified ? .verified : nil), wasOpened: wasVerified))
    }

    /// Takes note of what was found out about this very media before, unless this process knows better.
    func learn(_ integrity: Integrity) {
        state.withLock { state in
            if case .unknown = state.content { state.gate.learn(integrity) }
        }
    }

    var sid: SID { resource.sid }

    /// Size of what the server holds, in bytes; nil when that isn't known.
    var ciphertextSize: Int64? {
        knownFacts?.ciphertextSize
    }

    /// Bytes of ciphertext in a temporary file.
    var spooled: Int64 { state.withLock { $0.spool?.written ?? 0 } }

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
        guard let content else { return earlier ?? (resource.encryptionDetails == nil ? .none : .unverified) }
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
            if state.gate.isDueForRetrial(now: .now) { state.beginRetrial() }
            switch state.content {
            case .known(let content):
                defer { state.wasOpened = state.wasOpened || !isAhead }
                return .answer(Opened(content: content, isContinued: state.wasOpened))
            case .pending(let waiting):
                state.content = .pending(waiting + [waiter])
                return .wait
            case .unknown:
                state.content = .pending([waiter])
                // Learnt from a server that ignored ranges, at an earlier mount. Does it still?
                if case .known(let facts) = state.facts, !state.ignoresRanges,
                    !facts.isConfirmed || facts.lacksTail && isSealed(facts)
                        || facts.requestedChannels != requestedChannels(hasRefused: state.hasRefusedChannels)
                {
                    state.doubtFacts()
                }
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
                case .success where state.withLock({ $0.isCut }):
                    contentDidEnd(.failure(endIsMissing))
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
                if error.code != .keyNotHeld { state.doubtFacts() }
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
        advanceSpool()
    }

    /// Opens the envelope that facts describe, and ends the opening with what comes of it.
    ///
    /// - Parameter isAgain: whether the facts were learnt anew for this.
    private func openEnvelope(of facts: MediaFacts, isAgain: Bool = false) {
        let result = Result { () throws(MediaError) in try makeContent(facts) }
        if case .failure(let error) = result, error.code == .keyNotHeld, !namesKey {
            // What was described by an earlier version, or when the resource named a key, isn't known to be encrypted.
            services.observer.mediaWasDescribed(sid, of: resource.accountSID, as: facts)
        }
        guard !isAgain, case .failure(let error) = result, error.code == .keyNotHeld, !facts.envelopeFields.isEmpty,
            services.isKeyHeld(for: resource) == true
        else {
            contentDidEnd(result)
            return
        }
        // The key has opened other envelopes: it may be that the headers which describe this one came damaged.
        state.withLock { $0.doubtFacts() }
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
            guard let metadata = try MediaFacts.envelope(of: resource, fields: facts.envelopeFields) else {
                return MediaContent(plaintextSize: facts.plaintextSize)
            }
            let key = try services.contentKey(for: metadata, facts: facts, of: resource)
            // The padding in the last block agreed with the sizes.
            if metadata.cipher.isPadded { confirmFacts() }
            return try MediaContent(
                facts: facts, metadata: metadata, key: key, isStrict: isStrict(ciphertextSize: facts.ciphertextSize))
        } catch {
            throw services.mediaError(error, sid: sid)
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

    // MARK: Addresses

    /// Where the media is downloaded from.
    func addresses() throws(MediaError) -> MediaAddressSource {
        let channels = requestedChannels.flatMap { $0 > 0 ? $0 : nil }
        do throws(TwilioError) {
            return try addressSource.withLock { (source) throws(TwilioError) in
                if let source { return source }
                let made = try services.clients.client(for: resource).mediaAddresses(
                    of: resource, channels: channels, retriesNotFound: mayBeTooYoung)
                source = made
                return made
            }
        } catch {
            throw MediaError(.transferFailed, sid, error.message, cause: error)
        }
    }

    /// Forgets where the media is served, which is asked for anew: what came from there can't be used.
    ///
    /// A redirect may have led to a page in the media's place, and an address in use may be of a host that is gone.
    func forgetAddresses() {
        addressSource.withLock { $0 = nil }
    }

    /// Whether the media may be too young for its address to answer yet: a 404 is normal for some seconds.
    var mayBeTooYoung: Bool {
        // Twilio never has it: waiting would cost each reader the longest patience.
        guard !isKeptElsewhere else { return false }
        guard let created = resource.dateCreated else { return false }
        // Recordings are created when they begin.
        let age = Clock.now - created.seconds - (resource.duration ?? 0)
        return age < 900
    }

    /// Says why a transfer of the media failed.
    func mediaError(_ error: TransferError) -> MediaError {
        if let cause = error.cause as? TwilioError, error.code == .addressUnavailable {
            return missing(cause) ?? MediaError(.transferFailed, sid, cause.message, cause: error)
        }
        if error.code == .changed {
            return MediaError(.changed, sid, "the media of \(sid) is no longer the one it was", cause: error)
        }
        if error.code == .cancelled {
            return MediaError(.shutDown, sid, "reading \(sid) was left off", cause: error)
        }
        let translated = TwilioError(error, subject: "the media of \(sid)")
        return missing(translated) ?? MediaError(.transferFailed, sid, translated.message, cause: error)
    }

    /// Whether the resource says that the media is in a bucket of the account's owner.
    private var isKeptElsewhere: Bool {
        guard let location = resource.mediaLocation else { return false }
        return !services.clients.client(for: resource).isTwilioMedia(location: location)
    }

    private func missing(_ error: TwilioError) -> MediaError? {
        guard error.code == .notFound else { return nil }
        if isKeptElsewhere {
            return MediaError(
                .mediaMissing, sid, "the media of \(sid) is kept outside of Twilio, in a bucket of the account's owner",
                cause: error)
        }
        return MediaError(.mediaMissing, sid, error.message, cause: error)
    }
}
