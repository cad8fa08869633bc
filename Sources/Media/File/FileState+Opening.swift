/// The content that is open: how it comes to be, and how it is given up.
///
/// Valid transitions of the content:
///
/// - unknown → pending: somebody opens the file (``open(isAhead:now:waiter:)``).
/// - pending → known, or unknown: its envelope was opened, or that has failed (``end(_:cachedUnits:)``).
/// - pending → unknown: the media has turned out to have another size than was told (``failOpenings()``).
/// - known → unknown: the media has changed (``forgetMedia()``), is in doubt (``giveUp()``), or condemned content is to
///   be tried anew (``open(isAhead:now:waiter:)``).
/// - known → known: another one takes its place, to be verified before it is released
///   (``authenticationDidFail(_:attempt:in:firstWait:now:)``).
extension FileState {
    /// What opening a file gives.
    struct Opened: Sendable {
        let content: MediaContent

        /// Whether this very content was opened before, so that all pages which the kernel may have came through it.
        let isContinued: Bool
    }

    /// What is to be done for somebody who opens the file.
    enum Opening {
        case answer(Opened)

        /// The content is to be learnt; the waiter is kept.
        case begin(isRetrial: Bool)

        /// The waiter is kept.
        case wait
    }

    /// Somebody opens the file.
    ///
    /// - Parameter isAhead: whether nobody reads yet, so that the kernel's pages still are of what was before.
    mutating func open(
        isAhead: Bool, now: ContinuousClock.Instant, waiter: @escaping Learnt<MediaContent>.Waiter
    ) -> Opening {
        if case .pending(let waiting) = content {
            content = .pending(waiting + [waiter])
            return .wait
        }
        let isRetrial = gate.isDueForRetrial(now: now)
        if let content = content.value, !isRetrial { return .answer(markOpened(content, isAhead: isAhead)) }
        if isRetrial {
            gate.beginRetrial()
            wasOpened = false
        }
        content = .pending([waiter])
        return .begin(isRetrial: isRetrial)
    }

    /// Opens the file if its content is known.
    mutating func openAtHand(now: ContinuousClock.Instant) -> Opened? {
        guard let content = content.value, !gate.isDueForRetrial(now: now) else { return nil }
        return markOpened(content, isAhead: false)
    }

    /// What an opening gets that has this content.
    mutating func markOpened(_ content: MediaContent, isAhead: Bool) -> Opened {
        // It may have changed since; then nothing that is kept belongs to it.
        guard isCurrent(content) else { return Opened(content: content, isContinued: false) }
        defer { wasOpened = wasOpened || !isAhead }
        return Opened(content: content, isContinued: wasOpened)
    }

    /// The content was learnt, or couldn't be.
    ///
    /// - Parameter cachedUnits: those that the disk cache has of it.
    /// - Returns: those who wait for it; nil when nobody does any more.
    mutating func end(
        _ result: Result<MediaContent, MediaError>, cachedUnits: Set<Int>
    ) -> [Learnt<MediaContent>.Waiter]? {
        guard case .pending(let waiting) = content else { return nil }
        switch result {
        case .success(let opened):
            content = .known(opened)
            gate.contentDidOpen()
            // Nothing comes from a cache while the content is in doubt.
            blocks.open(opened, cachedUnits: gate.trial == .first ? cachedUnits : [])
        case .failure:
            content = .unknown
        }
        return waiting
    }

    /// The content that is open isn't any more; what belongs to it is to be detached.
    ///
    /// - Returns: whether it was known.
    @discardableResult
    mutating func giveUp() -> Bool {
        guard case .known = content else { return false }
        content = .unknown
        return true
    }

    /// The media is another: nothing that was found out is about it.
    ///
    /// Whoever has opened the file anew meanwhile and waits for that is left alone.
    mutating func forgetMedia() {
        giveUp()
        wasOpened = false
        hasOutdatedReaders = readerCount > 0
        gate.forget()
    }

    /// Takes out those who wait for the content.
    mutating func failOpenings() -> [Learnt<MediaContent>.Waiter] {
        guard case .pending(let waiting) = content else { return [] }
        content = .unknown
        return waiting
    }

    // MARK: Readers

    /// A reader has gone.
    mutating func releaseReader() {
        readerCount -= 1
        if readerCount == 0 { hasOutdatedReaders = false }
    }
}
