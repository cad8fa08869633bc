import Catalog
import Logging
import Support
import TwilioAPI

/// Publishes the removals of recordings that any mount of the account has found.
final class RemovalFeed: Sendable {
    private let account: SID
    private let catalog: Catalog
    private let delegate: any SynchronizerDelegate
    private let logger: Logger
    /// The last published removal, and the epoch of its database.
    private let published: Locked<(epoch: Int, sequence: Int64)>

    /// The number of removals published at a time.
    private static let step = 1000

    init(
        of account: SID, catalog: Catalog, delegate: any SynchronizerDelegate, logger: Logger
    ) throws(CatalogError) {
        self.account = account
        self.catalog = catalog
        self.delegate = delegate
        self.logger = logger
        let epoch = catalog.epoch
        published = Locked((epoch, try catalog.removals.latest()))
    }

    /// Publishes the removals since the last call; to be called on one thread at a time.
    func publish() {
        do throws(CatalogError) {
            while true {
                let epoch = catalog.epoch
                let sequence = published.withLock { published in
                    // A new database numbers its removals from the start.
                    if epoch > published.epoch { published = (epoch, 0) }
                    return published.sequence
                }
                let removals = try catalog.removals.entries(after: sequence, limit: Self.step)
                guard let last = removals.last else { return }
                published.withLock { if $0.epoch == epoch { $0.sequence = last.sequence } }
                let entries = removals.compactMap(\.entry)
                if !entries.isEmpty { delegate.recordingsWereRemoved(entries, from: account) }
            }
        } catch {
            logger.debug("removals can't be read from the catalog", error: error)
        }
    }
}
