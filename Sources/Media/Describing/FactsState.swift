import Transfer
import TwilioAPI

/// The facts of a file's media, how they are learnt, confirmed and doubted: a state machine without I/O.
///
/// Valid transitions:
///
/// - unknown → pending: somebody asks for the facts (``describe(_:hasReaders:now:waiter:)``).
/// - pending → known: a request has succeeded (``end(_:isSettled:priority:now:)``).
/// - pending → unknown: the last request has failed.
/// - known → unknown, doubted: something contradicts the facts, or they may be out of date (``doubt()``). New ones are
///   compared with them.
/// - known → unknown: the media has changed (``forget()``).
struct FactsState {
    /// The answer to somebody who asks for the facts; in `begin` and `wait` the waiter is kept.
    enum Step {
        case answer(MediaFacts)

        /// A request is to be sent.
        case begin
        case wait
    }

    /// The effect of a request's end.
    struct End {
        /// Get the result.
        let waiting: [Learnt<MediaFacts>.Waiter]

        /// Whether there are new facts.
        var isLearnt = false

        /// Whether the doubted facts are kept, since the answer seems to be a part of their media.
        var keepsEarlier = false

        /// Whether the new facts are of other media than the doubted ones, or of another size.
        var hasChanged = false
        var hasChangedSize = false
    }

    private var state: Learnt<MediaFacts>

    /// Facts in doubt: whoever relies on them is told if the new ones differ.
    private(set) var doubted: MediaFacts?

    /// Whether the end of the media is missing, perhaps because the server doesn't have it yet: it can't be opened.
    private(set) var isCut = false

    /// Whether the server refused the voice recording in as many channels as it has.
    private(set) var hasRefusedChannels: Bool

    /// When unconfirmed facts are out of date; nil for those of an earlier mount, and confirmed ones.
    private var isOutdatedFrom: ContinuousClock.Instant?

    /// The priorities of the requests under way.
    ///
    /// A second request follows only a background one, which may be queued for long, and if it is more urgent.
    private var requests: [Priority] = []

    /// - Parameter facts: from before; doubted if they contradict the resource.
    init(_ facts: MediaFacts?, of resource: MediaResource) {
        let agree = facts?.agree(with: resource) ?? false
        state = facts.flatMap { agree ? .known($0) : nil } ?? .unknown
        doubted = agree ? nil : facts
        hasRefusedChannels = facts?.requestedChannels == 0
    }

    /// The facts; nil while they are learnt, or aren't known.
    var facts: MediaFacts? { state.value }

    // MARK: Learning

    /// Somebody asks for the facts.
    ///
    /// - Parameter hasReaders: whether the file is open; then unconfirmed facts stay, unless they are of cut media.
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
            guard priority > .background, requests.allSatisfy({ $0 == .background }) else { return .wait }
        case .unknown:
            state = .pending([waiter])
        }
        requests.append(priority)
        return .begin
    }

    /// A request has ended.
    ///
    /// - Parameter isSettled: whether unconfirmed facts were told for long enough to be believed against others.
    /// - Returns: nil when another request came first, or may still succeed.
    mutating func end(
        _ described: Result<MediaFacts, MediaError>, isSettled: Bool, priority: Priority, now: ContinuousClock.Instant
    ) -> End? {
        if let index = requests.firstIndex(of: priority) { requests.remove(at: index) }
        guard case .pending(let waiting) = state else { return nil }
        switch described {
        case .failure where !requests.isEmpty:
            return nil
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

    /// The content agrees with the facts: they count for good.
    ///
    /// - Returns: the facts, if this confirms them.
    mutating func confirm() -> MediaFacts? {
        guard let facts, !facts.isConfirmed, facts.isPlaintextSizeExact, facts.completeness == .whole else {
            return nil
        }
        state = .known(facts.confirmed)
        isOutdatedFrom = nil
        return facts.confirmed
    }

    // MARK: Doubts

    /// Has the facts learnt anew when they are next needed, and compared.
    ///
    /// - Returns: whether they were known.
    @discardableResult
    mutating func doubt() -> Bool {
        guard let facts else { return false }
        doubted = facts
        state = .unknown
        return true
    }

    /// The media has changed: new facts aren't compared with these.
    mutating func forget() {
        if facts != nil { state = .unknown }
    }

    /// From now on the recording is asked for without a number of channels.
    mutating func noteRefusedChannels() {
        hasRefusedChannels = true
    }
}
