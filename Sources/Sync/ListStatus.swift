public import TwilioAPI

/// How far a list has been brought up to date.
public struct ListStatus: Hashable, Sendable {
    /// What can be said of a list.
    public enum State: Hashable, Sendable {
        /// Nothing was begun yet.
        case waiting

        /// The list is being brought here for the first time.
        case syncing

        /// The whole list is here.
        case complete

        /// The whole list is here, but what is new couldn't be asked for, for this reason.
        case stale(String)

        /// The list isn't whole, and what is missing couldn't be asked for, for this reason.
        case failed(String)
    }

    /// What can be said of it.
    public let state: State

    /// How far the first walk over it is; nil when none is under way.
    public let progress: SyncProgress?

    /// When it was last asked for what is new; nil for never.
    public let refreshed: Timestamp?

    /// When all of it was last gone over, to find what has gone; nil for never.
    public let passed: Timestamp?

    /// Makes a status.
    public init(state: State, progress: SyncProgress? = nil, refreshed: Timestamp? = nil, passed: Timestamp? = nil) {
        self.state = state
        self.progress = progress
        self.refreshed = refreshed
        self.passed = passed
    }
}
