import Support
import TwilioAPI

/// A file's content under the file's lock, shared by all parts of its ``ReadPath``.
///
/// Transfers, completions, receivers and observers are never called under the lock. Lock order: the library's, this
/// one, then those of ``KnownMedia``, ``ReadingPlace``, ``ContentAuthentication`` and ``MemoryPool``; that of
/// ``HeldKeys`` comes last.
final class FileContent: Sendable {
    let known: KnownMedia
    let state: Locked<FileState>

    init(of known: KnownMedia, wasVerified: Bool, failure: FormerFailures.Failure?) {
        self.known = known
        state = Locked(FileState(wasVerified: wasVerified, failure: failure))
    }

    var services: MediaServices { known.services }

    /// The units of a content in the disk cache.
    func cache(of content: MediaContent) -> UnitCache { UnitCache(known: known, content: content) }

    /// Removes all of the recording's units from the disk cache, before any is stored again.
    func forgetUnits() {
        guard services.diskCache != nil else { return }
        // Queued, since the disk may be slow; later stores follow in the same queue.
        services.storeWorker.run { [services, sid = known.sid] in
            services.diskCache?.removeUnits(ofRecording: sid.description)
        }
    }

    /// Makes a transition.
    ///
    /// Deferred readers learn in the same moment if the content doesn't account for the kernel's pages any more.
    func change<Result>(_ transition: (inout FileState) -> Result) -> Result {
        state.withLock { state in
            let wasOpened = state.wasOpened
            let result = transition(&state)
            if wasOpened, !state.wasOpened { services.pages.withLock { $0.lose(known.sid) } }
            return result
        }
    }

    /// Drops all ciphertext, fails the reads that wait for it, and cancels its transfers.
    func drop(failing error: MediaError) { end(state.withLock { $0.detach() }, failing: error) }

    /// Fails the reads and cancels the transfers that a transition detached.
    func end(_ detached: FileState.Detached, failing error: MediaError) {
        for transfer in detached.transfers { transfer.cancel() }
        for read in detached.reads { read.fail(error) }
        // The blocks for which they waited can be evicted.
        if !detached.reads.isEmpty { services.memoryMayBeFree() }
    }

    /// Acts on a fetch's finding about the media; its error fails the waiting reads.
    ///
    /// - Parameter isCurrent: whether the fetch belongs to the file's content; a superseded one tells nothing about it.
    func take(_ finding: MediaFinding?, failing error: MediaError, if isCurrent: (FileState) -> Bool) {
        switch finding {
        case .contradicted?: doubt(failing: error, if: isCurrent)
        case .changed?: mediaDidChange(if: isCurrent)
        case nil: break
        }
    }

    /// Doubts the facts: the next opening learns and compares them; waiting reads fail with `error`.
    func doubt(failing error: MediaError, if isCurrent: (FileState) -> Bool = { _ in true }) {
        let detached = change { state -> FileState.Detached? in
            guard isCurrent(state), state.content.value != nil, known.doubt() else { return nil }
            return state.giveUp()
        }
        if let detached { end(detached, failing: error) }
    }

    /// Forgets the facts and the content of changed media.
    func mediaDidChange(if isCurrent: (FileState) -> Bool = { _ in true }) {
        let detached = change { state -> FileState.Detached? in
            guard isCurrent(state) else { return nil }
            known.state.withLock { $0.forget() }
            return state.forgetMedia()
        }
        if let detached { mediaDidChange(detached) }
    }

    /// Drops everything about the former media, fails the waiting reads and reports the change.
    func forgetMedia() {
        mediaDidChange(change { $0.forgetMedia() })
    }

    private func mediaDidChange(_ detached: FileState.Detached) {
        services.provisionalSizes.withLock { $0.forget(known.sid) }
        forgetUnits()
        end(detached, failing: hasChanged)
        services.observer.mediaHasChanged(known.sid, of: known.resource.accountSID)
    }

    /// The error of reads of dropped content.
    var hasChanged: MediaError { known.error(.changed, "has changed") }

    /// Fails pending openings: the kernel knows the former size and learns the new one only later.
    func failOpenings() {
        let error = known.error(.changed, "has changed: open it again")
        for waiter in state.withLock({ $0.failOpenings() }) { waiter(.failure(error)) }
    }
}
