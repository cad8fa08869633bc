public import Catalog
public import Logging
public import Support
import Transfer
public import TwilioAPI

/// Called once the catalog has the requested lists or parts of them, or with the failure.
public typealias ListCompletion = @Sendable (Result<Void, CatalogError>) -> Void

/// Keeps the lists of one account up to date while the mount is used.
///
/// Each list has a ``ListSync``. The ``SyncClock`` starts due tasks; network operations report to completions.
public final class Synchronizer: Sendable {
    /// The time without use after which no more sizes are probed in the background.
    private static let pause: Duration = .seconds(3600)

    private let services: SyncServices
    private let lists: [MediaKind: ListSync]
    /// The calls of voice recordings; nil when they aren't asked for, or no voice recordings are shown.
    private let calls: CallSync?
    private let removals: RemovalFeed
    private let refresher: ResourceRefresher
    let check: BackgroundCheck

    /// The last use of the mount.
    private let used = Locked(ContinuousClock.now)

    /// Makes a synchronizer; ``start()`` begins.
    ///
    /// - Parameter workers: threads that other accounts may share.
    /// - Throws: ``CatalogError`` when the catalog can't be read.
    public init(
        catalog: Catalog, client: TwilioClient, finder: ResourceFinder, settings: SyncSettings = SyncSettings(),
        workers: SyncWorkers, delegate: any SynchronizerDelegate, logger: Logger
    ) throws {
        let services = SyncServices(
            catalog: catalog, client: client, finder: finder, settings: settings, workers: workers, logger: logger)
        let removals = try RemovalFeed(of: client.account, catalog: catalog, delegate: delegate, logger: logger)
        let showsCalls = catalog.window.kinds.contains { $0.group == .call }
        let calls = settings.fetchesCalls && showsCalls ? CallSync(services: services) : nil
        var lists: [MediaKind: ListSync] = [:]
        for kind in MediaKind.allCases where catalog.window.kinds.contains(kind) {
            lists[kind] = try ListSync(kind, services: services) { event in
                switch event {
                case .changed:
                    services.writer.run(.urgent) { removals.publish() }
                    if kind.group == .call { calls?.recordingsHaveChanged() }
                case .waiting: workers.clock.wake()
                }
            }
        }
        self.services = services
        self.lists = lists
        self.calls = calls
        self.removals = removals
        refresher = ResourceRefresher(services: services, removals: removals)
        check = BackgroundCheck(catalog: catalog, settings: settings, workers: workers, logger: logger)
    }

    /// Starts keeping the lists up to date.
    ///
    /// - Throws: ``SystemError`` when the system can't start a thread.
    public func start() throws {
        try services.workers.clock.add { [used, lists, removals, services, check] in
            let idle = ContinuousClock.now - used.withLock { $0 }
            let next = lists.values.compactMap { $0.look(idle: idle.components.seconds) }.min()
            // Other mounts of the account may have removed recordings.
            services.writer.run(.urgent) { removals.publish() }
            check.look()
            return next
        }
    }

    /// Calls `completion` once the catalog has the lists of some kinds, or with a failure.
    ///
    /// - Parameter completion: called at once if no list has to be filled or refreshed, else usually on another thread.
    public func whenListed(_ kinds: [MediaKind], completion: @escaping ListCompletion) {
        whenAll(kinds, completion) { list, completion in list.whenListed(completion) }
    }

    /// Calls `completion` once the catalog has all recordings created within an interval, or with a failure.
    ///
    /// While a list is incomplete, the interval is fetched separately.
    public func whenListed(createdIn interval: Range<Timestamp>, completion: @escaping ListCompletion) {
        let seconds = interval.lowerBound.seconds..<interval.upperBound.seconds
        whenAll(MediaKind.allCases, completion) { list, completion in list.whenListed(seconds, completion) }
    }

    /// Whether the calls of voice recordings are shown: they are asked for, and not refused since the mount began.
    public var hasCalls: Bool { calls?.isShown ?? false }

    /// The state of the list of calls; nil when they aren't asked for.
    public var callState: ListStatus.State? { calls?.status }

    /// Whether the catalog has the calls of all voice recordings, as far as Twilio lists them.
    public var areCallsComplete: Bool { calls?.isComplete ?? true }

    /// Calls `completion` once the catalog has the voice recordings created within an interval and their calls, or with
    /// a failure.
    ///
    /// - Parameters:
    ///   - interval: the times of creation; nil for all recordings.
    ///   - completion: called at once when nothing has to be asked for, else on another thread. The failure of a
    ///     refused list of calls has the code `refusedCalls`.
    public func whenCallsListed(createdIn interval: Range<Timestamp>?, completion: @escaping ListCompletion) {
        guard let calls else {
            completion(.success(()))
            return
        }
        let seconds = interval.map { $0.lowerBound.seconds..<$0.upperBound.seconds }
        let listed: ListCompletion = { result in
            switch result {
            case .success: calls.whenListed(seconds, completion)
            case .failure: completion(result)
            }
        }
        if let seconds {
            whenAll(MediaKind.ofCalls, listed) { list, completion in list.whenListed(seconds, completion) }
        } else {
            whenListed(MediaKind.ofCalls, completion: listed)
        }
    }

    /// The status of a list.
    public func status(of kind: MediaKind) -> ListStatus {
        lists[kind]?.status ?? ListStatus(state: .complete)
    }

    /// Whether the catalog has the whole list of a kind.
    public func isComplete(_ kind: MediaKind) -> Bool { lists[kind]?.isComplete ?? true }

    /// The reason why Twilio refuses one of the lists of some kinds; nil if it refuses none.
    public func refusal(of kinds: [MediaKind]) -> CatalogError? {
        kinds.lazy.compactMap { [lists] in lists[$0]?.refusal }.first
    }

    /// Calls `completion` with the reason why Twilio refuses the list of a kind to the present credentials; nil if it
    /// doesn't.
    ///
    /// - Parameter completion: called at once for a list that isn't refused, else after a look for new credentials.
    public func whenRefusalIsKnown(
        of kind: MediaKind, completion: @escaping @Sendable (CatalogError?) -> Void
    ) {
        guard let list = lists[kind] else { return completion(nil) }
        list.whenRefusalIsKnown(completion)
    }

    /// Notes that there are other credentials: lists that were refused are requested when they are next wanted, that of
    /// calls at once.
    public func credentialsDidChange() {
        for list in lists.values { list.credentialsDidChange() }
        calls?.credentialsDidChange()
    }

    /// Has new credentials looked for whenever a list is wanted that the present ones don't reach.
    public func lookForNewCredentials(with search: @escaping CredentialSearch) {
        services.newCredentials.look(with: search)
    }

    /// Notes a use of the mount, which makes refreshes more frequent.
    public func noteUse() { used.withLock { $0 = .now } }

    /// Whether the mount was used recently, so that probing sizes in the background is worthwhile.
    public var isUsed: Bool { ContinuousClock.now - used.withLock { $0 } < Self.pause }

    /// Requests a recording again because its media is missing; a reader waits for the answer.
    ///
    /// - Parameter completion: called on another thread, or at once if the SID has no kind. `isGone` is true if the
    ///   account doesn't have the recording, or has it unfinished; it is false if that is unknown.
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

    /// Requests a recording's resource again, because the catalog's may be wrong.
    ///
    /// The caller found an invalid envelope, unexpected media, a wrong tag, or a content key that a private key doesn't
    /// open although it opens others. Each recording is requested at most once a minute; further calls request nothing.
    ///
    /// - Parameter completion: called after the resource was stored, or at once if nothing is requested; for tests.
    public func refresh(_ sid: SID, completion: @escaping @Sendable () -> Void = {}) {
        refresher.refresh(sid, completion: completion)
    }

    /// Ends the threads, also for other accounts that share them; to be called after the transfer client was shut down.
    public func shutDown() { services.workers.shutDown() }

    /// Makes a request of several lists, and calls `completion` once all have answered.
    private func whenAll(
        _ kinds: [MediaKind], _ completion: @escaping ListCompletion,
        _ request: (ListSync, @escaping ListCompletion) -> Void
    ) {
        noteUse()
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
                    // A refusal precedes other failures: it tells a program that a repetition is of no use.
                    if case .failure(let error) = result, left.failure?.code != .refusedList { left.failure = error }
                    guard left.count == 0 else { return nil }
                    return left.failure.map { .failure($0) } ?? .success(())
                }
                if let end { completion(end) }
            }
        }
    }
}
