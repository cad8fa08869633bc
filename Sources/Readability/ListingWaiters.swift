import Support

/// The directory listings that wait for a verdict on every requirement, each up to a deadline.
final class ListingWaiters: Sendable {
    private struct Waiter {
        let account: Int
        let deadline: ContinuousClock.Instant

        /// Whether the running survey covers everything that the listing depends on.
        var isServed = false
        let completion: @Sendable () -> Void
    }

    private struct State {
        var waiting: [Waiter] = []

        /// The deadline of each account's listings, for the running survey and the next one.
        var deadlines: [Int: ContinuousClock.Instant] = [:]
        var isSurveyWanted = false
        var isShutDown = false
    }

    private let patience: Duration
    private let state = Condition(State())

    /// - Parameter patience: The longest wait, shared by all listings of an account.
    init(patience: Duration) { self.patience = patience }

    /// Requests a survey of an account, and keeps the completion until the survey has ended or the deadline has passed.
    ///
    /// - Returns: False after the deadline or ``shutDown()``: the listing doesn't wait.
    func add(account: Int, completion: @escaping @Sendable () -> Void) -> Bool {
        let now = ContinuousClock.now
        return state.change { state -> Bool in
            if state.isShutDown { return false }
            let deadline = state.deadlines[account] ?? now + patience
            guard now < deadline else { return false }
            state.deadlines[account] = deadline
            state.waiting.append(Waiter(account: account, deadline: deadline, completion: completion))
            state.isSurveyWanted = true
            return true
        }
    }

    /// Blocks until a listing needs a survey or the pause has passed; false after ``shutDown()``.
    func waitForListing(atMost pause: Duration) -> Bool {
        state.wait(timeout: pause) { state -> Bool? in
            if state.isShutDown { return false }
            guard state.isSurveyWanted else { return nil }
            state.isSurveyWanted = false
            return true
        } ?? true
    }

    /// Requests a survey for which nothing waits.
    func requestSurvey() { state.change { $0.isSurveyWanted = true } }

    /// Notes that a survey begins, for the listings that wait now; later ones may depend on later recordings.
    func surveyWillBegin(_ account: Int) {
        state.changeQuietly { state in
            for index in state.waiting.indices where state.waiting[index].account == account {
                state.waiting[index].isServed = true
            }
        }
    }

    /// Notes that a survey has ended, and releases the listings that it served.
    func surveyDidEnd(_ account: Int) {
        release { $0.account == account && $0.isServed }
        state.changeQuietly { state in
            // Listings that still wait keep their deadline, since they have waited for this survey already.
            if !state.waiting.contains(where: { $0.account == account }) { state.deadlines[account] = nil }
        }
    }

    /// Releases the listings whose deadline has passed.
    func releaseOverdue() {
        let now = ContinuousClock.now
        release { $0.deadline <= now }
    }

    var isShutDown: Bool { state.changeQuietly { $0.isShutDown } }

    /// Releases all listings; later ones don't wait.
    func shutDown() {
        state.change { $0.isShutDown = true }
        release { _ in true }
    }

    private func release(_ isDue: (Waiter) -> Bool) {
        let due = state.changeQuietly { state in
            let due = state.waiting.filter(isDue)
            state.waiting.removeAll(where: isDue)
            return due
        }
        for waiter in due { waiter.completion() }
    }
}
