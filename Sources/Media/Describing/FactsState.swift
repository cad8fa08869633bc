import Transfer
import TwilioAPI

/// What is known of a file's media, who waits to learn it, and what it was before: a state machine without I/O.
///
/// Valid transitions of the facts:
///
/// - unknown → pending: somebody asks for them (``describe(_:hasReaders:now:waiter:)``). Further requests may follow,
///   if they are more urgent.
/// - pending → known: a request has succeeded (``end(_:isSettled:priority:now:)``).
/// - pending → unknown: the last request has failed.
/// - known → unknown, doubted: an answer or the content contradicts them, or they may be out of date (``doubt()``). They
///   are learnt anew and compared.
/// - known → unknown: the media has changed (``forget()``).
struct FactsState {
    /// What is to be done for somebody who asks for the facts.
    enum Step {
        /// They are known.
        case answer(MediaFacts)

        /// A request is to be sent; the waiter is kept.
        case begin

        /// The waiter is kept.
        case wait
    }

    /// What the end of a request has led to.
    struct End {
        /// Get the result.
        let waiting: [Learnt<MediaFacts>.Waiter]

        /// Whether there are new facts.
        var isLearnt = false

        /// Whether the facts from before are kept, since the media that was described seems to be a part of that.
        var keepsEarlier = false

        /// Whether the facts are of other media than those from before, or of another size.
        var hasChanged = false
        var hasChangedSize = false
    }

    private var state: Learnt<MediaFacts>

    /// Facts that are learnt anew: whoever relied on them is told if the new ones are others.
    private(set) var doubted: MediaFacts?

    /// Whether the facts are of media whose end is missing, perhaps because it hasn't come to the server yet.
    ///
    /// It can't be opened.
    private(set) var isCut = false

    /// Whether the voice recording couldn't be had in as many channels as it has.
    private(set) var hasRefusedChannels: Bool

    /// When unconfirmed facts are to be learnt anew; nil for those of an earlier mount, and confirmed ones.
    private var isOutdatedFrom: ContinuousClock.Instant?

    /// The priorities of the requests under way.
    ///
    /// There is more than one only where the first was background work, which may be queued for as long as others need,
    /// and a more urgent one followed.
    private var requests: [Priority] = []

    /// Makes a state from what is known from before.
    ///
    /// Facts that contradict the resource are doubted from the beginning.
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
    /// - Parameter hasReaders: whether the file is open: readers rely on the facts that they know, unless they are of cut
    ///   media.
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
    /// - Parameters:
    ///   - isSettled: whether facts that aren't confirmed have been told for long enough to be believed against others.
    ///   - priority: of the request.
    /// - Returns: nil when there is nothing to do: another request came first, or may still succeed.
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

    /// The content has turned out to be what the facts say: they count for good.
    ///
    /// - Returns: the facts, if they weren't confirmed before and can be.
    mutating func confirm() -> MediaFacts? {
        guard let facts, !facts.isConfirmed, facts.isPlaintextSizeExact, facts.completeness == .whole else {
            return nil
        }
        state = .known(facts.confirmed)
        isOutdatedFrom = nil
        return facts.confirmed
    }

    // MARK: Doubts

    /// Has the facts learnt anew when they are next needed, and compared with these.
    ///
    /// - Returns: whether they were known.
    @discardableResult
    mutating func doubt() -> Bool {
        guard let facts else { return false }
        doubted = facts
        state = .unknown
        return true
    }

    /// The media has changed: there is nothing to compare new facts with.
    mutating func forget() {
        if facts != nil { state = .unknown }
    }

    /// The recording can't be had in as many channels as it has: from now on it is asked for as it is.
    mutating func noteRefusedChannels() {
        hasRefusedChannels = true
    }
}
