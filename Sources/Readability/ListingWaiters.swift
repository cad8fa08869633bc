import Support

/// The listings that wait until a survey has a verdict on every requirement, each up to a deadline.
final class ListingWaiters: Sendable {
    private struct Waiter {
        /// The index of the account.
        let account: Int
        let deadline: ContinuousClock.Instant

        /// Whether the survey that runs covers everything that the listing depends on.
        var isServed = false
        let completion: @Sendable () -> Void
    }

    private struct State {
        var waiting: [Waiter] = []

        /// The deadline of all listings that need the next survey of an account, or the one that runs.
        var deadlines: [Int: ContinuousClock.Instant] = [:]
        var isSurveyWanted = false
        var isShutDown = false
    }

    private let patience: Duration
    private let state = Condition(State())

    /// - Parameter patience: how long listings wait, all of one account together: one patience for each directory would
    ///   be hours.
    init(patience: Duration) {
        self.patience = patience
    }

    /// Keeps a completion until the next survey of an account, which it asks for, has ended.
    ///
    /// - Returns: false when the listing needn't wait: its time is over, or there are no more surveys.
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

    /// Blocks until a listing needs a survey, or a pause has passed.
    ///
    /// - Returns: false when there are to be no more surveys.
    func waitForListing(atMost pause: Duration) -> Bool {
        let mayGoOn = state.wait(timeout: pause) { state -> Bool? in
            if state.isShutDown { return false }
            guard state.isSurveyWanted else { return nil }
            state.isSurveyWanted = false
            return true
        }
        return mayGoOn ?? true
    }

    /// A survey of an account begins: it serves the listings that wait now.
    ///
    /// One that comes during the survey may depend on later recordings, and waits for the next survey.
    func surveyWillBegin(_ account: Int) {
        state.changeQuietly { state in
            for index in state.waiting.indices where state.waiting[index].account == account {
                state.waiting[index].isServed = true
            }
        }
    }

    /// A survey of an account has ended: the listings that it served go on.
    func surveyDidEnd(_ account: Int) {
        release { $0.account == account && $0.isServed }
        state.changeQuietly { state in
            // The listings that wait for the next survey have waited for this one.
            if !state.waiting.contains(where: { $0.account == account }) { state.deadlines[account] = nil }
        }
    }

    /// Lets the listings go on whose deadline has passed.
    func releaseOverdue() {
        let now = ContinuousClock.now
        release { $0.deadline <= now }
    }

    var isShutDown: Bool { state.changeQuietly { $0.isShutDown } }

    /// Lets all listings go on; no survey is waited for from now on.
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
