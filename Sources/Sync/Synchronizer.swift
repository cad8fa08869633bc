public import Catalog
import Foundation
public import Logging
public import Support
import Transfer
public import TwilioAPI

/// Keeps the lists of one account up to date, as long as the mount is used.
///
/// Each list has a ``ListSync``. The ``SyncClock`` looks for due tasks; whatever waits for the network keeps a
/// completion.
public final class Synchronizer: Sendable {
    /// The time without use after which nothing is done ahead of need.
    private static let pause: Duration = .seconds(3600)

    private let services: SyncServices
    private let lists: [MediaKind: ListSync]
    private let removals: RemovalFeed

    private let refresher: ResourceRefresher

    /// Checks a large catalog for damage.
    let check: BackgroundCheck

    /// When the mount was last used.
    private let used = Locked(ContinuousClock.now)

    /// Makes a synchronizer; ``start()`` begins.
    ///
    /// - Parameter workers: threads, which other accounts may share.
    /// - Throws: ``CatalogError`` when the catalog can't be read.
    public init(
        catalog: Catalog, client: TwilioClient, finder: ResourceFinder, settings: SyncSettings = SyncSettings(),
        workers: SyncWorkers, logger: Logger
    ) throws {
        let services = SyncServices(
            catalog: catalog, client: client, finder: finder, settings: settings, workers: workers, logger: logger)
        let removals = try RemovalFeed(catalog: catalog, logger: logger)
        var lists: [MediaKind: ListSync] = [:]
        for kind in MediaKind.allCases where catalog.window.kinds.contains(kind) {
            lists[kind] = try ListSync(kind, services: services) { event in
                switch event {
                case .changed: services.writer.run(.urgent) { removals.publish() }
                case .waiting: workers.clock.wake()
                }
            }
        }
        self.services = services
        self.lists = lists
        self.removals = removals
        refresher = ResourceRefresher(services: services, removals: removals)
        check = BackgroundCheck(catalog: catalog, settings: settings, workers: workers, logger: logger)
    }

    /// Begins to keep the lists up to date.
    ///
    /// - Throws: ``SystemError`` when the system has no thread left.
    public func start() throws {
        try services.workers.clock.add { [used, lists, removals, services, check] in
            let idle = ContinuousClock.now - used.withLock { $0 }
            let next = lists.values.compactMap { $0.look(idle: idle.components.seconds) }.min()
            // Other mounts of the account remove recordings too.
            services.writer.run(.urgent) { removals.publish() }
            check.look()
            return next
        }
    }

    /// Calls `completion` once the whole list of a kind is in the catalog, or with the reason why it can't be.
    ///
    /// - Parameter completion: called at once when the list is complete and fresh, else on another thread.
    public func whenListed(
        _ kind: MediaKind, completion: @escaping @Sendable (Result<Void, CatalogError>) -> Void
    ) {
        noteUse()
        guard let list = lists[kind] else {
            completion(.success(()))
            return
        }
        list.whenListed(completion)
    }

    /// Calls `completion` once all recordings that were made within an interval are in the catalog, or with the reason
    /// why they can't be.
    ///
    /// As long as the lists aren't complete, that interval is fetched alone.
    public func whenListed(
        createdIn interval: Range<Timestamp>, completion: @escaping @Sendable (Result<Void, CatalogError>) -> Void
    ) {
        noteUse()
        let seconds = interval.lowerBound.seconds..<interval.upperBound.seconds
        whenAll(completion) { list, completion in list.whenListed(seconds, completion) }
    }

    /// Calls `completion` once the lists of all kinds are in the catalog, or with the reason why one can't be.
    public func whenListed(
        _ kinds: [MediaKind], completion: @escaping @Sendable (Result<Void, CatalogError>) -> Void
    ) {
        noteUse()
        whenAll(completion, kinds: kinds) { list, completion in list.whenListed(completion) }
    }

    /// The status of a list.
    public func status(of kind: MediaKind) -> ListStatus {
        lists[kind]?.status ?? ListStatus(state: .complete)
    }

    /// Whether the catalog has the whole list of a kind.
    public func isComplete(_ kind: MediaKind) -> Bool {
        lists[kind]?.isComplete ?? true
    }

    /// Notes that the mount is used: lists are refreshed more often than without use.
    public func noteUse() {
        used.withLock { $0 = .now }
    }

    /// Whether the mount was used lately, so that work ahead of need is worth its requests.
    public var isUsed: Bool {
        ContinuousClock.now - used.withLock { $0 } < Self.pause
    }

    /// Requests a recording again whose media is missing, for a reader who waits.
    ///
    /// - Parameter completion: called later on another thread; is given whether the account no longer has the
    ///   recording, which is false also when that can't be found out.
    public func recheck(_ sid: SID, completion: @escaping @Sendable (_ isGone: Bool) -> Void = { _ in }) {
        guard let kind = sid.kind else {
            completion(false)
            return
        }
        services.finder.ask(for: sid, of: kind, priority: .reader) { [services, removals] outcome in
            let isGone = if case .success(nil) = outcome { true } else { false }
            services.writer.run(.urgent) {
                removals.publish()
                completion(isGone)
            }
        }
    }

    /// Requests a recording's resource again that may be wrong: its envelope is invalid, its key isn't held although it
    /// opens others, or its tag doesn't match.
    ///
    /// A recording is requested once in a minute at most; calls meanwhile share the request, or get at once that
    /// nothing has changed.
    ///
    /// - Parameter completion: called later on another thread; the catalog has the resource by then.
    public func refresh(_ sid: SID, completion: @escaping @Sendable (RefreshOutcome) -> Void = { _ in }) {
        refresher.refresh(sid, completion: completion)
    }

    /// Sets the action for recordings that are no longer shown, called on a thread of the synchronizer.
    public func onRemoval(_ action: @escaping @Sendable ([RemovedEntry]) -> Void) {
        removals.onRemoval(action)
    }

    /// Ends the threads, also for other accounts that share them.
    ///
    /// The transfer client is to be shut down before, so that nothing waits for a page.
    public func shutDown() {
        services.workers.shutDown()
    }

    private func whenAll(
        _ completion: @escaping @Sendable (Result<Void, CatalogError>) -> Void, kinds: [MediaKind] = MediaKind.allCases,
        _ request: (ListSync, @escaping ListSync.Waiter) -> Void
    ) {
        let requested = kinds.compactMap { lists[$0] }
        let left = Locked((count: requested.count, failure: nil as CatalogError?))
        guard !requested.isEmpty else {
            completion(.success(()))
            return
        }
        for list in requested {
            request(list) { result in
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
