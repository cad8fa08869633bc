import Catalog
import Logging
import Support

/// Tells what is no longer shown, whichever mount of the account found it out.
final class RemovalFeed: Sendable {
    private let catalog: Catalog
    private let logger: Logger

    /// The removals up to this one were told.
    private let told: Locked<Int64>
    private let action = Locked<(@Sendable ([RemovedEntry]) -> Void)?>(nil)

    /// How many are told at a time.
    private static let step = 1000

    init(catalog: Catalog, logger: Logger) throws(CatalogError) {
        self.catalog = catalog
        self.logger = logger
        told = Locked(try catalog.latestRemoval())
    }

    func onRemoval(_ action: @escaping @Sendable ([RemovedEntry]) -> Void) {
        self.action.withLock { $0 = action }
    }

    /// Tells what has gone since the last time; called on one thread at a time.
    func publish() {
        do throws(CatalogError) {
            while true {
                let removals = try catalog.removals(after: told.withLock { $0 }, limit: Self.step)
                guard let last = removals.last else { return }
                told.withLock { $0 = last.sequence }
                action.withLock { $0 }?(removals.map(\.entry))
            }
        } catch {
            logger.debug("what has gone can't be known", error: error)
        }
    }

    /// The catalog is another one, in which nothing has gone yet.
    func reset() {
        told.withLock { $0 = 0 }
    }
}
