import Support
import Transfer
import TwilioAPI

/// What is known of a file's media: learning it, doubting it, comparing it with what was known before.
extension MediaFile {
    /// Learns size and envelope, unless they are known.
    ///
    /// - Parameter priority: how urgent it is.
    func describe(
        priority: Priority = .reader, completion: @escaping @Sendable (Result<MediaFacts, MediaError>) -> Void
    ) {
        enum Step {
            case answer(MediaFacts)
            case begin
            case wait
        }
        let step = state.withLock { state -> Step in
            if state.areFactsDoubted(now: .now) { state.doubtFacts() }
            switch state.facts {
            case .known(let facts):
                return .answer(facts)
            case .pending(let waiting):
                state.facts = .pending(waiting + [completion])
                guard priority > .background, state.describing.allSatisfy({ $0 == .background }) else { return .wait }
            case .unknown:
                state.facts = .pending([completion])
            }
            state.describing.append(priority)
            return .begin
        }
        switch step {
        case .answer(let facts): completion(.success(facts))
        case .begin:
            services.counts.withLock { $0.runningDescriptions += 1 }
            DescriptionFetch(file: self, priority: priority) { [self] result, ignoresRanges in
                descriptionDidEnd(result, ignoresRanges: ignoresRanges, priority: priority)
            }.start()
        case .wait: break
        }
    }

    /// The description has come, or failed.
    private func descriptionDidEnd(
        _ described: Result<MediaFacts, MediaError>, ignoresRanges: Bool, priority: Priority
    ) {
        let (described, isSettled) = settled(described)
        var result = described
        services.counts.withLock { counts in
            counts.runningDescriptions -= 1
            switch result {
            case .success: counts.descriptions += 1
            case .failure: counts.failedDescriptions += 1
            }
        }
        typealias Waiting = [@Sendable (Result<MediaFacts, MediaError>) -> Void]
        typealias Outcome = (waiting: Waiting?, hasChanged: Bool, hasChangedSize: Bool)
        let (waiting, hasChanged, hasChangedSize) = state.withLock { state -> Outcome in
            if let index = state.describing.firstIndex(of: priority) { state.describing.remove(at: index) }
            guard case .pending(let waiting) = state.facts else { return (nil, false, false) }
            switch result {
            case .failure where !state.describing.isEmpty:
                // Another fetch may still succeed.
                return (nil, false, false)
            case .success(let facts)
            where !isSettled && state.doubtedFacts.map { facts.mayBeCutOff(from: $0) } ?? false:
                state.facts = state.doubtedFacts.map { .known($0) } ?? .unknown
                (state.doubtedFacts, state.isCut) = (nil, false)
                return (waiting, false, false)
            case .success(let facts):
                let doubted = state.doubtedFacts
                let hasChanged = doubted.map { !facts.describes(sameMediaAs: $0) } ?? false
                state.facts = .known(facts)
                state.isCut = facts.completeness == .cut && !isSettled
                state.doubtedFacts = nil
                state.factsAreDoubtedFrom = facts.isConfirmed ? nil : .now + ProvisionalSizes.lifetime(of: facts)
                state.ignoresRanges = ignoresRanges
                return (waiting, hasChanged, doubted.map { $0.plaintextSize != facts.plaintextSize } ?? false)
            case .failure:
                state.facts = .unknown
                return (waiting, false, false)
            }
        }
        guard let waiting else { return }
        if case .success(let facts) = described, case .known(let kept) = state.withLock({ $0.facts }), kept != facts,
            facts.mayBeCutOff(from: kept)
        {
            let error = MediaError(.transferFailed, sid, "the media of \(sid) broke off before the end that it had")
            result = .failure(error)
            // The stream may have been kept.
            letGo(failing: error)
        }
        if hasChanged {
            forgetMedia()
            if hasChangedSize { failOpenings() }
        }
        if case .success(let facts) = result {
            factsWereLearnt(facts)
        }
        for completion in waiting { completion(result) }
    }

    /// Judges by what was described before whether facts that aren't confirmed are to be believed all the same.
    ///
    /// - Returns: the facts, confirmed if nothing but time was missing, and whether they have been told for long
    ///   enough.
    private func settled(_ described: Result<MediaFacts, MediaError>) -> (Result<MediaFacts, MediaError>, Bool) {
        guard case .success(let facts) = described, !facts.isConfirmed else { return (described, true) }
        let isSettled = services.provisionalSizes.withLock { $0.isSettled(facts, of: sid, now: .now) }
        let isRight = isSettled && facts.completeness != .whole && facts.isPlaintextSizeExact
        return (isRight ? .success(facts.confirmed) : described, isSettled)
    }

    /// Hands on what was learnt.
    private func factsWereLearnt(_ facts: MediaFacts) {
        services.provisionalSizes.withLock { sizes in
            if facts.isConfirmed {
                sizes.forget(sid)
            } else {
                sizes.note(facts, of: sid, now: .now)
            }
        }
        services.observer.mediaWasDescribed(sid, of: resource.accountSID, as: facts)
    }

    /// What is known of the media; nil while that is being learnt.
    var knownFacts: MediaFacts? {
        guard case .known(let facts) = state.withLock({ $0.facts }) else { return nil }
        return facts
    }

    /// A range of the media comes, of the size that is known: for sealed media that counts for good.
    func rangeDidBegin(_ head: ResponseHead) {
        if let total = head.contentRange?.total {
            services.provisionalSizes.withLock { $0.noteAnswer(of: sid, size: total) }
        }
        guard let facts = knownFacts, !facts.isConfirmed, isSealed(facts), head.contentRange?.total != nil else {
            return
        }
        confirmFacts()
    }

    /// The content has turned out to be what the facts say: from now on they count for good.
    func confirmFacts() {
        let confirmed = state.withLock { state -> MediaFacts? in
            guard case .known(let facts) = state.facts, !facts.isConfirmed, facts.isPlaintextSizeExact,
                facts.completeness == .whole
            else { return nil }
            state.facts = .known(facts.confirmed)
            state.factsAreDoubtedFrom = nil
            return facts.confirmed
        }
        if let confirmed { factsWereLearnt(confirmed) }
    }

    /// An answer contradicts what is known, or none fits it: the next opening learns it anew, and compares.
    ///
    /// - Parameter error: ends the reads that wait, which the blocks of new content wouldn't know.
    func doubtFacts(failing error: MediaError) {
        let isDoubted = state.withLock { state -> Bool in
            guard case .known = state.facts, case .known = state.content else { return false }
            state.doubtFacts()
            state.content = .unknown
            return true
        }
        if isDoubted { letGo(failing: error) }
    }

    // MARK: Media that has changed

    /// What was known turned out to be no longer so.
    func mediaDidChange() {
        state.withLock { state in
            if case .known = state.facts { state.facts = .unknown }
        }
        forgetMedia()
    }

    /// Lets go of everything that belongs to media that is no longer there, and tells those who relied on it.
    ///
    /// Whoever waits for its bytes is failed here: with new content come new blocks, which know nothing of them. Who
    /// has opened the file anew meanwhile and waits for that is left alone.
    private func forgetMedia() {
        state.withLock { state in
            if case .known = state.content { state.content = .unknown }
            state.wasOpened = false
            state.hasOutdatedReaders = state.readerCount > 0
            state.gate.forget()
        }
        services.provisionalSizes.withLock { $0.forget(sid) }
        forgetCached()
        letGo(failing: MediaError(.changed, sid, "the media of \(sid) is no longer the one it was"))
        services.observer.mediaHasChanged(sid, of: resource.accountSID)
    }

    /// Fails those who wait for the media to be opened: the kernel has told them another size, and learns that only
    /// later.
    private func failOpenings() {
        let waiting = state.withLock { state -> [@Sendable (Result<MediaContent, MediaError>) -> Void] in
            guard case .pending(let waiting) = state.content else { return [] }
            state.content = .unknown
            return waiting
        }
        let error = MediaError(.changed, sid, "the media of \(sid) is no longer the one it was: open it again")
        for completion in waiting { completion(.failure(error)) }
    }

    // MARK: Channels

    /// As many channels as are asked for, as facts have it.
    var requestedChannels: Int64? {
        requestedChannels(hasRefused: state.withLock { $0.hasRefusedChannels })
    }

    /// A conference with two channels is mixed down to one unless both are asked for.
    func requestedChannels(hasRefused: Bool) -> Int64? {
        guard resource.kind.mediaAccess == .direct, resource.channels == 2 else { return nil }
        return hasRefused ? 0 : 2
    }

    /// Twilio's error number for a recording that can't be had in as many channels as were asked for.
    private static let channelsNotAvailable = 16113

    /// Takes note that the recording can't be had in as many channels as it has, if that is what an error says: from
    /// now on it is asked for as it is.
    ///
    /// A status 400 alone may be a proxy's, or mean something else.
    ///
    /// - Returns: whether the error says so, and they were asked for.
    func stopAskingForChannels(after error: TransferError) -> Bool {
        guard requestedChannels == 2, error.status == 400,
            TwilioError(error, subject: "the media of \(sid)").twilioCode == Self.channelsNotAvailable
        else { return false }
        state.withLock { $0.hasRefusedChannels = true }
        forgetAddresses()
        return true
    }

    // MARK: Cut media

    /// Whether the media was cut when it was last described.
    var isKnownAsCut: Bool { state.withLock { $0.isCut } }

    /// The error of opening media that is cut.
    var endIsMissing: MediaError {
        MediaError(
            .transferFailed, sid,
            "the media of \(sid) is shorter than its header or its resource says: it may not be complete yet; try again"
                + " later")
    }

    // MARK: What is to be expected

    /// Whether media with these facts is in an envelope.
    func isSealed(_ facts: MediaFacts) -> Bool {
        resource.encryptionDetails != nil || !facts.envelopeFields.isEmpty
    }

    /// Whether the media can't be what was recorded without an envelope: its resource names the public key, or it had
    /// one before.
    var mustBeSealed: Bool {
        if namesKey { return true }
        return state.withLock { $0.doubtedFacts.map { !$0.envelopeFields.isEmpty } ?? false }
    }

    /// Whether the resource says that the media is encrypted.
    var namesKey: Bool { resource.encryptionDetails != nil || resource.publicKeySID != nil }

    /// Whether the media is probably in an envelope.
    var expectsEnvelope: Bool {
        if mustBeSealed { return true }
        return resource.kind.envelopePlace == .media
            && services.probes.withLock { $0.expectsEnvelope(of: resource.kind) }
    }
}

extension MediaFile.State {
    /// Whether what is known has to be learnt anew before it is told again: nothing but an answer's length vouches for
    /// it, and that was a while ago.
    func areFactsDoubted(now: ContinuousClock.Instant) -> Bool {
        guard case .known(let facts) = facts, !facts.isConfirmed, readerCount == 0 || facts.completeness == .cut,
            let factsAreDoubtedFrom
        else { return false }
        return factsAreDoubtedFrom <= now
    }

    /// Has the facts learnt anew when they are next needed, and compared with these.
    mutating func doubtFacts() {
        guard case .known(let known) = facts else { return }
        doubtedFacts = known
        facts = .unknown
    }
}
