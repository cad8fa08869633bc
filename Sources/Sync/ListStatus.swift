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

        /// The list is incomplete, and the latest fill failed, for the given reason.
        case failed(String)

        /// Twilio refused the list at the latest attempt, complete or not, for the given reason.
        case refused(String)
    }

    /// The state.
    public let state: State

    /// The progress of the first fetch; nil when it isn't running.
    public internal(set) var progress: ListProgress?

    /// The start of the last successful refresh, or of a later fill of the whole list; nil if there was none.
    public internal(set) var refreshed: Timestamp?

    /// The start of the last completed pass, or of a later fill of the whole list; nil if there was none.
    public internal(set) var passed: Timestamp?
}
