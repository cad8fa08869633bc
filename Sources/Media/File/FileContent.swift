import Support
import TwilioAPI

/// One file's content under the file's lock, shared by all parts of its ``ReadPath``, and how it is given up.
///
/// Nothing foreign is called under the lock: no transfer, completion, receiver or observer. Lock order: the library's,
/// this one, then those of ``KnownMedia``, a ``ReadingPlace``, ``ContentAuthentication`` and the ``MemoryPool``.
final class FileContent: Sendable {
    let known: KnownMedia
    let state: Locked<FileState>

    init(of known: KnownMedia, wasVerified: Bool) {
        self.known = known
        state = Locked(FileState(wasVerified: wasVerified))
    }

    var services: MediaServices { known.services }

    /// The file's units in the disk cache.
    var cache: UnitCache { UnitCache(known: known) }

    /// Whether a content is the one that is open.
    func isCurrent(_ content: MediaContent) -> Bool { state.withLock { $0.isCurrent(content) } }

    /// Lets go of all ciphertext in memory, fails the reads that wait for some, and ends what is under way.
    func letGo(failing error: MediaError) {
        end(state.withLock { $0.detach() }, failing: error)
    }

    /// Fails the reads and cancels the transfers that a transition has detached.
    func end(_ detached: FileState.Detached, failing error: MediaError) {
        for transfer in detached.transfers { transfer.cancel() }
        for read in detached.reads { read.fail(error) }
    }

    /// Lets go of blocks that nobody waits for.
    func evict(_ slotCount: Int) {
        _ = state.withLock { $0.blocks.evict(slotCount) }
    }

    // MARK: Doubts and changes

    /// Acts on what a fetch has shown about the media.
    ///
    /// - Parameter error: the fetch's; fails the reads that wait.
    func take(_ finding: MediaFinding?, failing error: MediaError) {
        switch finding {
        case .contradicted?: doubt(failing: error)
        case .changed?: mediaDidChange()
        case nil: break
        }
    }

    /// An answer contradicts the facts: the next opening learns them anew, and compares.
    ///
    /// - Parameter error: fails the reads that wait, since the blocks of new content don't know them.
    func doubt(failing error: MediaError) {
        let detached = state.withLock { state -> FileState.Detached? in
            guard state.content.value != nil, known.doubt() else { return nil }
            return state.giveUp()
        }
        if let detached { end(detached, failing: error) }
    }

    /// The media has changed, and the facts aren't of it.
    func mediaDidChange() {
        known.forget()
        forgetMedia()
    }

    /// Lets go of everything that belongs to the former media, fails the reads that wait, and reports the change.
    func forgetMedia() {
        let detached = state.withLock { $0.forgetMedia() }
        services.provisionalSizes.withLock { $0.forget(known.sid) }
        cache.forget()
        end(detached, failing: hasChanged)
        services.observer.mediaHasChanged(known.sid, of: known.resource.accountSID)
    }

    /// The error of reads whose content was given up.
    var hasChanged: MediaError {
        MediaError(.changed, known.sid, "the media of \(known.sid) has changed")
    }

    /// Fails openings: the kernel has told their programs another size, and will learn the new one only later.
    func failOpenings() {
        let error = MediaError(
            .changed, known.sid, "the media of \(known.sid) has changed: open it again")
        for waiter in state.withLock({ $0.failOpenings() }) { waiter(.failure(error)) }
    }
}
