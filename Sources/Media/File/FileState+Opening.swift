/// Opening and dropping content.
///
/// Valid transitions of the content:
///
/// - unknown → pending: a file is opened (``open(isAhead:now:waiter:)``).
/// - pending → known or unknown: opening succeeds or fails (``end(_:of:cachedUnits:)``).
/// - pending → unknown: the media has another size than before (``failOpenings()``).
/// - known → unknown: the media has changed (``forgetMedia()``) or is in doubt (``giveUp()``).
/// - known → pending: condemned content is tried again (``open(isAhead:now:waiter:)``).
/// - known → known: content to verify first replaces it (``authenticationDidFail(_:attempt:in:firstWait:now:)``).
extension FileState {
    /// Identifies an opening: the end of one that was dropped doesn't end the next.
    typealias OpeningNumber = Int

    /// The content of an opened file.
    struct Opened: Sendable {
        let content: MediaContent

        /// Whether this content was opened before: then all of the kernel's pages came through it.
        let isContinued: Bool
    }

    /// The result of an opening; `begin` and `wait` keep the waiter.
    enum Opening {
        case answer(Opened)

        /// The caller opens the content; `retrial` has the detached work of condemned content, if any.
        case begin(retrial: Detached?, OpeningNumber)
        case wait

        /// The content is condemned and was dropped, and no retrial is due.
        case refused
    }

    /// Opens the file; `isAhead` if no reader opens it yet, so that the kernel may still have pages of earlier content.
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
        if gate.trial == .condemned, !isRetrial { return .refused }
        if isRetrial {
            gate.beginRetrial()
            detached = giveUp()
        }
        content = .pending([waiter])
        openingCount += 1
        return .begin(retrial: detached, openingCount)
    }

    /// Returns the open content to a reader; nil if none is open or a retrial is due.
    mutating func openAtHand(now: ContinuousClock.Instant) -> Opened? {
        guard let content = content.value, !gate.isDueForRetrial(now: now) else { return nil }
        return markOpened(content, isAhead: false)
    }

    /// Marks a content as opened by a reader, unless `isAhead`.
    mutating func markOpened(_ content: MediaContent, isAhead: Bool) -> Opened {
        // If it was dropped meanwhile, the kernel's pages may be of other content.
        guard isCurrent(content) else { return Opened(content: content, isContinued: false) }
        defer { if !isAhead { noteOpening() } }
        return Opened(content: content, isContinued: wasOpened)
    }

    /// Ends an opening; `cachedUnits` are the content's units in the disk cache.
    ///
    /// - Returns: the waiters; nil if the opening was dropped.
    mutating func end(
        _ result: Result<MediaContent, MediaError>, of opening: OpeningNumber, cachedUnits: Set<Int>
    ) -> [Learnt<MediaContent>.Waiter]? {
        guard opening == openingCount, case .pending(let waiting) = content else { return nil }
        switch result {
        case .success(let opened):
            content = .known(opened)
            gate.contentDidOpen()
            // Content in doubt doesn't come from a cache.
            blocks.open(opened, cachedUnits: gate.trial == .first ? cachedUnits : [])
        case .failure:
            content = .unknown
        }
        return waiting
    }

    /// Drops the content with its ciphertext; pending openings continue.
    ///
    /// Another content won't see the bytes that were released of this one, so the kernel's pages don't count any more.
    mutating func giveUp() -> Detached {
        losePages()
        if case .known = content { content = .unknown }
        gate.abandonPass()
        return detach()
    }

    /// Drops the content of changed media.
    mutating func forgetMedia() -> Detached {
        hasOutdatedReaders = readerCount > 0
        gate.forget()
        return giveUp()
    }

    /// Drops an opening; returns the waiters.
    mutating func failOpenings() -> [Learnt<MediaContent>.Waiter] {
        guard case .pending(let waiting) = content else { return [] }
        content = .unknown
        return waiting
    }

    /// Counts a closed reader.
    mutating func releaseReader() {
        readerCount -= 1
        if readerCount == 0 { hasOutdatedReaders = false }
    }
}
