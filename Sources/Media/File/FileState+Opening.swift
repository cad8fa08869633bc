/// Opening and giving up content.
///
/// Valid transitions of the content:
///
/// - unknown → pending: somebody opens the file (``open(isAhead:now:waiter:)``).
/// - pending → known, unknown: opening has succeeded, or failed (``end(_:cachedUnits:)``).
/// - pending → unknown: the media has another size than was told (``failOpenings()``).
/// - known → unknown: the media has changed (``forgetMedia()``), or is in doubt (``giveUp()``).
/// - known → pending: condemned content is given up and tried anew (``open(isAhead:now:waiter:)``).
/// - known → known: content to be verified first takes its place
///   (``authenticationDidFail(_:attempt:in:firstWait:now:)``).
extension FileState {
    /// An opened file.
    struct Opened: Sendable {
        let content: MediaContent

        /// Whether this very content was opened before, so that all of the kernel's pages came through it.
        let isContinued: Bool
    }

    /// The answer to somebody who opens the file; in `begin` and `wait` the waiter is kept.
    enum Opening {
        case answer(Opened)

        /// The content is to be opened.
        ///
        /// - Parameter retrial: what the retrial of condemned content has detached; nil when it isn't one.
        case begin(retrial: Detached?)
        case wait
    }

    /// Somebody opens the file.
    ///
    /// - Parameter isAhead: whether it is opened for no reader, so that the kernel's pages stay of what was before.
    mutating func open(
        isAhead: Bool, now: ContinuousClock.Instant, waiter: @escaping Learnt<MediaContent>.Waiter
    ) -> Opening {
        if case .pending(let waiting) = content {
            content = .pending(waiting + [waiter])
            return .wait
        }
        let isRetrial = gate.isDueForRetrial(now: now)
        if let content = content.value, !isRetrial { return .answer(markOpened(content, isAhead: isAhead)) }
        var detached: Detached?
        if isRetrial {
            gate.beginRetrial()
            wasOpened = false
            detached = giveUp()
        }
        content = .pending([waiter])
        return .begin(retrial: detached)
    }

    /// Opens the file if its content is known.
    mutating func openAtHand(now: ContinuousClock.Instant) -> Opened? {
        guard let content = content.value, !gate.isDueForRetrial(now: now) else { return nil }
        return markOpened(content, isAhead: false)
    }

    /// Hands out a content to a reader.
    mutating func markOpened(_ content: MediaContent, isAhead: Bool) -> Opened {
        // It may have been given up since: the kernel's pages are of other content.
        guard isCurrent(content) else { return Opened(content: content, isContinued: false) }
        defer { wasOpened = wasOpened || !isAhead }
        return Opened(content: content, isContinued: wasOpened)
    }

    /// Opening the content has ended.
    ///
    /// - Parameter cachedUnits: the disk cache's units of it.
    /// - Returns: the waiters; nil when the opening was given up.
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

    /// Gives up the content with its ciphertext; those who are opening the file go on waiting.
    mutating func giveUp() -> Detached {
        if case .known = content { content = .unknown }
        gate.abandonPass()
        return detach()
    }

    /// The media has changed.
    mutating func forgetMedia() -> Detached {
        wasOpened = false
        hasOutdatedReaders = readerCount > 0
        gate.forget()
        return giveUp()
    }

    /// Gives up an opening.
    ///
    /// - Returns: the waiters.
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
