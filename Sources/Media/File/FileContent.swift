import Support
import TwilioAPI

/// One file's content with everything that belongs to it, under the file's lock, and how it is given up.
///
/// The lock is let go before anything is called that isn't part of the state: transfers, completions, receivers, the
/// observer. Under it only these locks are taken: those of ``KnownMedia``, of a ``ReadingPlace``, of the content's
/// authentication, and of the ``MemoryPool``. The library's lock comes before it.
final class FileContent: Sendable {
    let known: KnownMedia
    let state: Locked<FileState>

    /// - Parameter wasVerified: whether all of the media was read and verified by this process.
    init(of known: KnownMedia, wasVerified: Bool) {
        self.known = known
        state = Locked(FileState(wasVerified: wasVerified))
    }

    var services: MediaServices { known.services }

    /// The file's units in the disk cache.
    var cache: UnitCache { UnitCache(of: known) }

    /// Whether a content is the one that is open.
    func isCurrent(_ content: MediaContent) -> Bool { state.withLock { $0.isCurrent(content) } }

    /// Lets go of all ciphertext in memory, fails the reads that wait for some, and ends what is under way.
    func letGo(failing error: MediaError) {
        let (reads, transfers) = state.withLock { $0.detach() }
        for transfer in transfers { transfer.cancel() }
        for read in reads { read.fail(error) }
    }

    /// Lets go of blocks that nobody waits for.
    func evict(_ slotCount: Int) {
        _ = state.withLock { $0.blocks.evict(slotCount) }
    }

    // MARK: Doubts and changes

    /// Does what follows from what a fetch has shown about the media.
    ///
    /// - Parameter error: of the fetch; ends the reads that wait.
    func take(_ finding: MediaFinding?, failing error: MediaError) {
        switch finding {
        case .contradicted?: doubt(failing: error)
        case .changed?: mediaDidChange()
        case nil: break
        }
    }

    /// An answer contradicts what is known, or none fits it: the next opening learns it anew, and compares.
    ///
    /// - Parameter error: ends the reads that wait, which the blocks of new content wouldn't know.
    func doubt(failing error: MediaError) {
        let isDoubted = state.withLock { state -> Bool in
            guard state.content.value != nil, known.doubt() else { return false }
            return state.giveUp()
        }
        if isDoubted { letGo(failing: error) }
    }

    /// The media is no longer the one that is known.
    func mediaDidChange() {
        known.forget()
        forgetMedia()
    }

    /// Lets go of everything that belongs to media that is no longer there, and tells those who relied on it.
    ///
    /// The reads that wait for its bytes fail here: with new content come new blocks, which know nothing of them.
    func forgetMedia() {
        state.withLock { $0.forgetMedia() }
        services.provisionalSizes.withLock { $0.forget(known.sid) }
        cache.forget()
        letGo(failing: MediaError(.changed, known.sid, "the media of \(known.sid) is no longer the one it was"))
        services.observer.mediaHasChanged(known.sid, of: known.resource.accountSID)
    }

    /// Fails those who wait for the media to be opened: the kernel has told them another size, and learns that only
    /// later.
    func failOpenings() {
        let error = MediaError(
            .changed, known.sid, "the media of \(known.sid) is no longer the one it was: open it again")
        for waiter in state.withLock({ $0.failOpenings() }) { waiter(.failure(error)) }
    }
}
