import Transfer
import TwilioAPI

/// The facts of a file's media, learned, confirmed and doubted: a state machine without I/O.
///
/// Valid transitions:
///
/// - unknown → pending: the facts are requested (``describe(_:hasReaders:now:waiter:)``).
/// - pending → known: a request succeeds (``end(_:isSettled:now:)``).
/// - pending → unknown: the request fails.
/// - known → unknown, doubted: the facts are contradicted or outdated (``doubt()``); new ones are compared with them.
/// - known → unknown: the media has changed (``forget()``).
struct FactsState {
    /// The next step of a caller that needs the facts; `begin` and `join` keep the waiter.
    enum Step {
        case answer(MediaFacts)
        /// The caller sends a request with this priority.
        case begin(RisingPriority)
        /// A request is in progress; the caller raises its priority.
        case join(RisingPriority)
    }

    /// The effect of a request's end.
    struct End {
        let waiting: [Learnt<MediaFacts>.Waiter]

        /// Whether the facts are new.
        var isLearnt = false

        /// Whether the doubted facts are kept, since the answer is probably truncated.
        var keepsEarlier = false

        /// Whether the new facts differ from the doubted ones.
        var hasChanged = false

        /// Whether the new plaintext size differs from the doubted one.
        var hasChangedSize = false
    }

    private var state: Learnt<MediaFacts>

    /// Doubted facts, compared with the new ones.
    private(set) var doubted: MediaFacts?

    /// Whether the media is truncated, perhaps for the time being: it can't be opened.
    private(set) var isCut = false

    /// Whether Twilio refused a request for both channels of the voice recording.
    private(set) var hasRefusedChannels: Bool

    /// The expiry of unconfirmed facts; nil for confirmed ones and those of an earlier mount.
    private var isOutdatedFrom: ContinuousClock.Instant?

    /// The priority of the request in progress.
    private var priority = RisingPriority(.background)

    /// - Parameter facts: from an earlier description; doubted if they contradict the resource.
    init(_ facts: MediaFacts?, of resource: MediaResource) {
        let agree = facts?.agree(with: resource) ?? false
        state = facts.flatMap { agree ? .known($0) : nil } ?? .unknown
        doubted = agree ? nil : facts
        hasRefusedChannels = facts?.requestedChannels == 0
    }

    /// The facts; nil while they are unknown.
    var facts: MediaFacts? { state.value }

    // MARK: Learning

    /// Requests the facts; unconfirmed ones of an open file don't expire unless its media is truncated.
    mutating func describe(
        _ priority: Priority, hasReaders: Bool, now: ContinuousClock.Instant,
        waiter: @escaping Learnt<MediaFacts>.Waiter
    ) -> Step {
        if let facts, !facts.isConfirmed, !hasReaders || facts.completeness == .cut, let isOutdatedFrom,
            isOutdatedFrom <= now
        {
            doubt()
        }
        switch state {
        case .known(let facts):
            return .answer(facts)
        case .pending(let waiting):
            state = .pending(waiting + [waiter])
            return .join(self.priority)
        case .unknown:
            state = .pending([waiter])
            self.priority = RisingPriority(priority)
            return .begin(self.priority)
        }
    }

    /// Ends a request; `isSettled` if unconfirmed facts were reported long enough to be believed.
    ///
    /// - Returns: nil if no request is in progress.
    mutating func end(
        _ described: Result<MediaFacts, MediaError>, isSettled: Bool, now: ContinuousClock.Instant
    ) -> End? {
        guard case .pending(let waiting) = state else { return nil }
        switch described {
        case .failure:
            state = .unknown
            return End(waiting: waiting)
        case .success(let facts):
            let earlier = doubted
            doubted = nil
            if let earlier, !isSettled, facts.mayBeCutOff(from: earlier) {
                state = .known(earlier)
                isCut = false
                return End(waiting: waiting, keepsEarlier: true)
            }
            state = .known(facts)
            isCut = facts.completeness == .cut && !isSettled
            isOutdatedFrom = facts.isConfirmed ? nil : now + ProvisionalSizes.lifetime(of: facts)
            return End(
                waiting: waiting, isLearnt: true,
                hasChanged: earlier.map { !facts.describes(sameMediaAs: $0) } ?? false,
                hasChangedSize: earlier.map { $0.plaintextSize != facts.plaintextSize } ?? false)
        }
    }

    /// Confirms exact facts of complete media; returns them if they weren't confirmed before.
    mutating func confirm() -> MediaFacts? {
        guard let facts, !facts.isConfirmed, facts.isPlaintextSizeExact, facts.completeness == .whole else {
            return nil
        }
        state = .known(facts.confirmed)
        isOutdatedFrom = nil
        return facts.confirmed
    }

    // MARK: Doubts

    /// Doubts the facts: the next request learns new ones, which are compared with them; false if they were unknown.
    @discardableResult
    mutating func doubt() -> Bool {
        guard let facts else { return false }
        doubted = facts
        state = .unknown
        return true
    }

    /// Forgets the facts of changed media: new ones aren't compared with them.
    mutating func forget() { if facts != nil { state = .unknown } }

    /// Notes that Twilio refused both channels: later requests name no number of channels.
    mutating func noteRefusedChannels() { hasRefusedChannels = true }
}
