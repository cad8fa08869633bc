import Support
import Transfer
import TwilioAPI

/// Describing a file's media, and what follows when it has changed.
extension MediaFile {
    /// Learns size and envelope, unless they are known.
    ///
    /// - Parameter priority: how urgent it is.
    func describe(
        priority: Priority = .reader, completion: @escaping @Sendable (Result<MediaFacts, MediaError>) -> Void
    ) {
        switch known.describe(priority, hasReaders: hasReaders, waiter: completion) {
        case .answer(let facts): completion(.success(facts))
        case .begin:
            services.counts.withLock { $0.runningDescriptions += 1 }
            DescriptionFetch(of: known, streams: self, priority: priority) { [self] result, ignoresRanges in
                descriptionDidEnd(result, ignoresRanges: ignoresRanges, priority: priority)
            }.start()
        case .wait: break
        }
    }

    /// The description has come, or failed.
    private func descriptionDidEnd(
        _ described: Result<MediaFacts, MediaError>, ignoresRanges: Bool, priority: Priority
    ) {
        var (result, isSettled) = known.settled(described)
        services.counts.withLock { counts in
            counts.runningDescriptions -= 1
            switch result {
            case .success: counts.descriptions += 1
            case .failure: counts.failedDescriptions += 1
            }
        }
        let end = state.withLock { [result] state -> FactsState.End? in
            let end = known.descriptionDidEnd(result, isSettled: isSettled, priority: priority)
            if let end, end.isLearnt { state.ignoresRanges = ignoresRanges }
            return end
        }
        guard let end else { return }
        if end.keepsEarlier {
            let error = MediaError(.transferFailed, sid, "the media of \(sid) broke off before the end that it had")
            result = .failure(error)
            // The stream may have been kept.
            letGo(failing: error)
        }
        if end.hasChanged {
            forgetMedia()
            if end.hasChangedSize { failOpenings() }
        }
        if case .success(let facts) = result { known.factsWereLearnt(facts) }
        for waiter in end.waiting { waiter(result) }
    }

    /// An answer contradicts what is known, or none fits it: the next opening learns it anew, and compares.
    ///
    /// - Parameter error: ends the reads that wait, which the blocks of new content wouldn't know.
    func doubtFacts(failing error: MediaError) {
        let isDoubted = state.withLock { state -> Bool in
            guard case .known = state.content, known.doubt() else { return false }
            state.content = .unknown
            return true
        }
        if isDoubted { letGo(failing: error) }
    }

    /// Does what follows from what a fetch has shown about the media.
    ///
    /// - Parameter error: of the fetch; ends the reads that wait.
    func take(_ finding: MediaFinding?, failing error: MediaError) {
        switch finding {
        case .contradicted?: doubtFacts(failing: error)
        case .changed?: mediaDidChange()
        case nil: break
        }
    }

    // MARK: Media that has changed

    /// What was known turned out to be no longer so.
    func mediaDidChange() {
        known.forget()
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
        services.observer.mediaHasChanged(sid, of: known.resource.accountSID)
    }

    /// Fails those who wait for the media to be opened: the kernel has told them another size, and learns that only
    /// later.
    private func failOpenings() {
        let waiting = state.withLock { state -> [Learnt<MediaContent>.Waiter] in
            guard case .pending(let waiting) = state.content else { return [] }
            state.content = .unknown
            return waiting
        }
        let error = MediaError(.changed, sid, "the media of \(sid) is no longer the one it was: open it again")
        for completion in waiting { completion(.failure(error)) }
    }
}
