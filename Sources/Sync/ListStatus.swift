public import TwilioAPI

/// The status of a list.
public struct ListStatus: Hashable, Sendable {
    /// The states of a list.
    public enum State: Hashable, Sendable {
        /// Nothing was requested yet.
        case waiting

        /// The list is being fetched for the first time.
        case syncing

        /// The list is complete.
        case complete

        /// The list is complete, but the latest refresh failed, for this reason.
        case stale(String)

        /// The list is incomplete, and fetching the rest failed, for this reason.
        case failed(String)
    }

    /// The state.
    public let state: State

    /// The progress of fetching the list; nil when it is complete, or nothing runs.
    public let progress: ListProgress?

    /// When new resources were last requested; nil for never.
    public let refreshed: Timestamp?

    /// When the last full pass began that was completed; nil for none.
    public let passed: Timestamp?

    /// Makes a status.
    public init(state: State, progress: ListProgress? = nil, refreshed: Timestamp? = nil, passed: Timestamp? = nil) {
        self.state = state
        self.progress = progress
        self.refreshed = refreshed
        self.passed = passed
    }
}
