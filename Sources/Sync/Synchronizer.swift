public import Catalog
import Foundation
public import Logging
public import Support
import Transfer
public import TwilioAPI

/// Keeps the lists of one account up to date, for as long as somebody uses the mount.
///
/// Each list has a ``ListKeeper``. The ``SyncClock`` looks when something is due; what waits for the network keeps a
/// completion.
public final class Synchronizer: Sendable {
    /// After so long without use nothing is done ahead of need.
    private static let pause: Duration = .seconds(3600)

    private let services: SyncServices
    private let keepers: [MediaKind: ListKeeper]
    private let removals: RemovalFeed

    private let refresher: ResourceRefresher

    /// Looks through a large catalog for damage.
    let check: BackgroundCheck

    /// When the mount was last used.
    private let used = Locked(ContinuousClock.now)

    /// Makes a synchronizer; ``start()`` begins.
    ///
    /// - Parameter workers: threads to share with other accounts; nil for some of its own.
    /// - Throws: ``CatalogError`` when the catalog can't be read, ``SystemError`` when the system has no thread
    ///   left.
    public init(
        catalog: Catalog, client: TwilioClient, finder: ResourceFinder, settings: SyncSettings = SyncSettings(),
        workers: SyncWorkers? = nil, logger: Logger
    ) throws {
        let workers = try workers ?? SyncWorkers()
        let services = SyncServices(
            catalog: catalog, client: client, finder: finder, settings: settings, workers: workers, logger: logger)
        let removals = try RemovalFeed(catalog: catalog, logger: logger)
        var keepers: [MediaKind: ListKeeper] = [:]
        for kind in MediaKind.allCases where catalog.window.kinds.contains(kind) {
            keepers[kind] = try ListKeeper(kind, services: services) { event in
                switch event {
                case .changed: services.writer.run { removals.publish() }
                case .waiting: workers.clock.wake()
                }
            }
        }
        self.services = services
        self.keepers = keepers
        self.removals = removals
        refresher = ResourceRefresher(services: services, removals: removals)
        check = BackgroundCheck(catalog: catalog, settings: settings, workers: workers, logger: logger)
    }

    /// Begins to keep the lists up to date.
    ///
    /// - Throws: ``SystemError`` when the system has no thread left.
    public func start() throws {
        try services.workers.clock.add { [used, keepers, removals, services, check] in
            let idle = ContinuousClock.now - used.withLock { $0 }
            let next = keepers.values.compactMap { $0.look(idle: idle.components.seconds) }.min()
            // Other mounts of the account find out as well.
            services.writer.run { removals.publish() }
            check.look()
            return next
        }
    }

    /// Calls `completion` once the whole list of a kind is in the catalog, or with the reason why it can't be.
    ///
    /// - Parameter completion: called at once when the list is here and fresh, else on another thread.
    public func whenListed(
        _ kind: MediaKind, completion: @escaping @Sendable (Result<Void, CatalogError>) -> Void
    ) {
        noteUse()
        guard let keeper = keepers[kind] else {
            completion(.success(()))
            return
        }
        keeper.whenListed(completion)
    }

    /// Calls `completion` once all recordings that were made within an interval are in the catalog, or with the reason
    /// why they can't be.
    ///
    /// As long as the lists aren't here, that interval is asked for alone.
    public func whenListed(
        createdIn interval: Range<Timestamp>, completion: @escaping @Sendable (Result<Void, CatalogError>) -> Void
    ) {
        noteUse()
        let seconds = interval.lowerBound.seconds..<interval.upperBound.seconds
        whenAll(completion) { keeper, completion in keeper.whenListed(seconds, completion) }
    }

    /// Calls `completion` once the lists of all kinds are in the catalog, or with the reason why one can't be.
    public func whenListed(
        _ kinds: [MediaKind], completion: @escaping @Sendable (Result<Void, CatalogError>) -> Void
    ) {
        noteUse()
        whenAll(completion, kinds: kinds) { keeper, completion in keeper.whenListed(completion) }
    }

    /// How far each list is.
    public func status(of kind: MediaKind) -> ListStatus {
        keepers[kind]?.status ?? ListStatus(state: .complete)
    }

    /// Whether the whole list of a kind is here.
    public func isComplete(_ kind: MediaKind) -> Bool {
        keepers[kind]?.isComplete ?? true
    }

    /// The mount is used: what is new is asked for more often than when nobody looks.
    public func noteUse() {
        used.withLock { $0 = .now }
    }

    /// Whether somebody has used the mount lately, so that work ahead of need is worth its requests.
    public var isUsed: Bool {
        ContinuousClock.now - used.withLock { $0 } < Self.pause
    }

    /// Finds out what has become of a recording that turned out not to be there, for somebody who waits for that.
    ///
    /// - Parameter completion: called later on another thread; is given whether the account doesn't have the recording
    ///   any more, which is false also when that can't be found out.
    public func recheck(_ sid: SID, completion: @escaping @Sendable (_ isGone: Bool) -> Void = { _ in }) {
        guard let kind = sid.kind else {
            completion(false)
            return
        }
        services.finder.ask(for: sid, of: kind, priority: .reader) { [services, removals] outcome in
            let isGone = if case .success(nil) = outcome { true } else { false }
            services.writer.run {
                removals.publish()
                completion(isGone)
            }
        }
    }

    /// Asks again for a recording that can't be read because of what its resource says: an envelope that isn't one, a
    /// key that isn't held although it opens others, a tag that disagrees.
    ///
    /// Each recording is asked for once in a minute at the most; those who wish it meanwhile share that, or are told at
    /// once that nothing has changed.
    ///
    /// - Parameter completion: called later on another thread; the catalog has the resource by then.
    public func refresh(_ sid: SID, completion: @escaping @Sendable (RefreshOutcome) -> Void = { _ in }) {
        refresher.refresh(sid, completion: completion)
    }

    /// Sets what is done with recordings that are no longer shown; called on a thread of the synchronizer.
    public func onRemoval(_ action: @escaping @Sendable ([RemovedEntry]) -> Void) {
        removals.onRemoval(action)
    }

    /// Ends the threads, also for other accounts that share them.
    ///
    /// The transfer client is to be shut down before, so that nothing waits for a page any more.
    public func shutDown() {
        services.workers.shutDown()
    }

    private func whenAll(
        _ completion: @escaping @Sendable (Result<Void, CatalogError>) -> Void, kinds: [MediaKind] = MediaKind.allCases,
        _ ask: (ListKeeper, @escaping ListKeeper.Waiter) -> Void
    ) {
        let asked = kinds.compactMap { keepers[$0] }
        let left = Locked((count: asked.count, failure: nil as CatalogError?))
        guard !asked.isEmpty else {
            completion(.success(()))
            return
        }
        for keeper in asked {
            ask(keeper) { result in
                let end = left.withLock { left -> Result<Void, CatalogError>? in
                    left.count -= 1
                    if case .failure(let error) = result { left.failure = error }
                    guard left.count == 0 else { return nil }
                    return left.failure.map { .failure($0) } ?? .success(())
                }
                if let end { completion(end) }
            }
        }
    }
}
