public import Catalog
public import FoundationEssentials
public import Media
public import Readability
import Support
public import Sync
public import Transfer
public import TwilioAPI

/// Asks the parts of a mount what they have to tell, for ``MountStatus``.
public final class StatusGatherer: Sendable {
    private let version: String
    private let account: SID
    private let mounted: Date
    private let catalog: Catalog
    private let synchronizer: Synchronizer
    private let subaccounts: [Branch]
    private let library: MediaLibrary
    private let transfer: TransferClient

    private let requests: @Sendable () -> RequestStatistics
    private let unreadable: @Sendable () -> [UnreadableRecordings]

    /// Makes a gatherer.
    ///
    /// - Parameters:
    ///   - version: this program's.
    ///   - mounted: when the account is mounted.
    ///   - subaccounts: those that are mounted below it.
    ///   - requests: reports the kernel's requests; called within requests, so it must be quick.
    ///   - unreadable: reports the recordings that can't be read; must be quick.
    public init(
        version: String, account: SID, mounted: Date, catalog: Catalog, synchronizer: Synchronizer,
        subaccounts: [Branch] = [], library: MediaLibrary, transfer: TransferClient,
        requests: @escaping @Sendable () -> RequestStatistics,
        unreadable: @escaping @Sendable () -> [UnreadableRecordings]
    ) {
        self.version = version
        self.account = account
        self.mounted = mounted
        self.catalog = catalog
        self.synchronizer = synchronizer
        self.subaccounts = subaccounts
        self.library = library
        self.transfer = transfer
        self.requests = requests
        self.unreadable = unreadable
    }

    /// Everything, now.
    func status() throws(CatalogError) -> MountStatus {
        let library = library.statistics
        let transfer = transfer.statistics
        let requests = requests()
        let integrity = try catalog.integrityCounts()
        var status = MountStatus(
            version: version, time: .now, mounted: mounted, account: account.description,
            lists: try Self.lists(catalog, synchronizer),
            integrity: Dictionary(
                uniqueKeysWithValues: StoredIntegrity.allCases.map { ($0.rawValue, integrity[$0] ?? 0) }),
            verdicts: MountStatus.Verdicts(
                verified: library.verified, doubted: library.doubted, failed: library.failed),
            probes: MountStatus.Probes(
                outstanding: library.runningDescriptions, learnt: library.descriptions,
                failed: library.failedDescriptions),
            requests: Self.requestCounts(transfer), transfers: MountStatus.Transfers(transfer),
            hosts: transfer.hosts.isEmpty ? nil : transfer.hosts.map { MountStatus.Host($0) },
            limiter: MountStatus.Limiter(transfer.limiter),
            bytes: MountStatus.Bytes(
                fetched: library.fetchedBytes, fromDiskCache: library.diskCacheBytes, served: library.servedBytes),
            openFiles: library.openFiles, waitingReads: library.waitingReads, waitingRequests: requests.waiting,
            errors: MountStatus.Errors(
                media: Dictionary(uniqueKeysWithValues: library.errors.map { ($0.rawValue, $1) }),
                system: requests.errors),
            memory: MountStatus.Memory(granted: library.memoryGranted, used: library.memoryUsed))
        status.unreadable = unreadable().map { MountStatus.Unreadable($0) }
        status.accounts = try subaccounts.map { branch throws(CatalogError) in
            MountStatus.Subaccount(
                sid: branch.account.description, name: branch.name,
                lists: try Self.lists(branch.catalog, branch.synchronizer),
                video: branch.videoIssue ?? MountStatus.Subaccount.videoIsAvailable)
        }
        return status
    }

    private static func lists(
        _ catalog: Catalog, _ synchronizer: Synchronizer
    ) throws(CatalogError) -> [String: MountStatus.List] {
        let tallies = try catalog.tallies()
        var lists: [String: MountStatus.List] = [:]
        for kind in MediaKind.allCases where catalog.window.kinds.contains(kind) {
            lists[kind.directoryName] = MountStatus.List(
                synchronizer.status(of: kind), tallies: tallies.filter { $0.kind == kind })
        }
        return lists
    }

    /// In an order that stays the same.
    private static func requestCounts(_ statistics: TransferClient.Statistics) -> [MountStatus.RequestCount] {
        statistics.requests
            .map { MountStatus.RequestCount(host: $0.host, status: "\($0.outcome)", count: $1) }
            .sorted { ($0.host, $0.status) < ($1.host, $1.status) }
    }
}

extension MountStatus.List {
    fileprivate init(_ status: ListStatus, tallies: [Tally]) {
        let (state, error): (State, String?) =
            switch status.state {
            case .waiting: (.waiting, nil)
            case .syncing: (.syncing, nil)
            case .complete: (.complete, nil)
            case .stale(let message): (.stale, message)
            case .failed(let message): (.failed, message)
            }
        let completed = tallies.filter { $0.status == .completed }
        self.init(
            state: state, error: error, recordings: completed.map(\.count).sumSaturated(),
            knownBytes: completed.map(\.knownBytes).sumSaturated())
        sized = completed.map(\.sizedCount).sumSaturated()
        resources = tallies.reduce(into: [:]) {
            $0[$1.status.rawValue] = ($0[$1.status.rawValue] ?? 0).addingSaturated($1.count)
        }
        pages = status.progress.map { Int64($0.pages) }
        items = status.progress.map { Int64($0.items) }
        // Tenths are as exact as an average of what comes in bursts can be.
        itemsPerSecond = status.progress.map { ($0.itemsPerSecond * 10).rounded() / 10 }
        secondsLeft = status.progress?.secondsLeft.map { $0.rounded() }
        lastRefresh = status.refreshed.map(Date.init)
        lastFullPass = status.passed.map(Date.init)
    }
}

extension Date {
    fileprivate init(_ time: Timestamp) {
        self.init(timeIntervalSince1970: TimeInterval(time.seconds))
    }
}

extension MountStatus.Transfers {
    fileprivate init(_ statistics: TransferClient.Statistics) {
        running = statistics.running
        waiting = MountStatus.Waiting(
            reader: statistics.waiting[.reader] ?? 0, readAhead: statistics.waiting[.readAhead] ?? 0,
            background: statistics.waiting[.background] ?? 0)
        retries = statistics.retries
        receivedBytes = statistics.receivedBytes
    }
}

extension MountStatus.Limiter {
    fileprivate init(_ limiter: TransferClient.Statistics.Limiter) {
        limit = limiter.limit
        maximum = limiter.maximum
        running = limiter.running
        pausedSeconds = limiter.pause.tenths
    }
}

extension MountStatus.Host {
    fileprivate init(_ host: TransferClient.Statistics.Host) {
        self.init(
            host: host.name, state: host.breaker.rawValue, failures: host.failures, error: host.reason,
            nextAttemptSeconds: host.nextAttempt.tenths, pausedSeconds: host.pause.tenths)
    }
}

extension Duration {
    /// Seconds, rounded up to tenths, which are enough: nobody waits by them.
    fileprivate var tenths: Double { (self / .seconds(0.1)).rounded(.up) / 10 }
}
