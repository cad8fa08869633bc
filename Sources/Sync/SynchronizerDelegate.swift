public import Catalog
public import TwilioAPI

/// Receives the removals of an account's recordings.
public protocol SynchronizerDelegate: Sendable {
    /// Recordings were removed from the account; called on the thread that writes to the catalogs.
    func recordingsWereRemoved(_ removed: [RemovedEntry], from account: SID)
}
