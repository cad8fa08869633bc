public import TwilioAPI

/// The status of a list.
public struct ListStatus: Hashable, Sendable {
    /// The states of a list.
    public enum State: Hashable, Sendable {
        /// Nothing has been requested yet.
        case waiting

        /// The list is being fetched for the first time.
        case syncing

        /// The list is complete.
        case complete

        /// The list is complete, but the latest refresh failed, for the given reason.
        case stale(String)

        /// The list is incomplete, and the latest attempt failed, for the given reason.
        case failed(String)
    }

    /// The state.
    public let state: State

    /// The progress of the first fetch; nil when it isn't running.
    public let progress: ListProgress?

    /// The last request for new resources; nil if there was none.
    public let refreshed: Timestamp?

    /// The start of the last completed pass; nil if there was none.
    public let passed: Timestamp?

    /// Makes a status.
    public init(state: State, progress: ListProgress? = nil, refreshed: Timestamp? = nil, passed: Timestamp? = nil) {
        (self.state, self.progress, self.refreshed, self.passed) = (state, progress, refreshed, passed)
    }
}
