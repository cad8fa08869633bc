import Catalog
import FileTree
import FoundationEssentials
import Media
import Monitoring
import Readability
import Support
import Sync
import Transfer
import TwilioAPI

/// Gathers the state of a mount's parts for ``MountMetrics``.
final class StatusGatherer: Sendable {
    private let version: String
    private let account: SID
    private let mounted: Date
    private let catalog: Catalog
    private let synchronizer: Synchronizer
    private let subaccounts: [Branch]
    private let library: MediaLibrary
    private let transfer: TransferClient
    private let metrics: MetricRegistry<MountSnapshot>
    private let waitingRequests: @Sendable () -> Int
    private let unreadable: @Sendable () -> [UnreadableRecordings]

    /// Makes a gatherer.
    ///
    /// - Parameters:
    ///   - mounted: The time of the mount.
    ///   - waitingRequests: Counts the kernel's requests without an answer; one of them calls it, so it must be quick.
    ///   - unreadable: Reports the unreadable recordings; must be quick.
    init(
        version: String, account: SID, mounted: Date, catalog: Catalog, synchronizer: Synchronizer,
        subaccounts: [Branch] = [], library: MediaLibrary, transfer: TransferClient,
        metrics: MetricRegistry<MountSnapshot>, waitingRequests: @escaping @Sendable () -> Int,
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
        self.metrics = metrics
        self.waitingRequests = waitingRequests
        self.unreadable = unreadable
    }

    /// The current metrics.
    func report() throws(CatalogError) -> MetricReport { metrics.report(of: try snapshot()) }

    private func snapshot() throws(CatalogError) -> MountSnapshot {
        let integrity = try catalog.integrityCounts()
        var lists = try Self.lists(account, catalog, synchronizer, isSubaccount: false)
        for branch in subaccounts {
            lists += try Self.lists(branch.account, branch.catalog, branch.synchronizer, isSubaccount: true)
        }
        return MountSnapshot(
            version: version, time: .now, mounted: mounted, account: account.description, lists: lists,
            subaccounts: subaccounts.map {
                MountSnapshot.Subaccount(sid: $0.account.description, name: $0.name, videoIssue: $0.videoIssue)
            },
            integrity: Dictionary(uniqueKeysWithValues: StoredIntegrity.allCases.map { ($0, integrity[$0] ?? 0) }),
            unreadable: unreadable(), transfer: transfer.statistics,
            library: library.statistics, waitingRequests: waitingRequests())
    }

    /// The lists of one account, by name.
    private static func lists(
        _ account: SID, _ catalog: Catalog, _ synchronizer: Synchronizer, isSubaccount: Bool
    ) throws(CatalogError) -> [MountSnapshot.List] {
        let tallies = try catalog.tallies()
        return MediaKind.allCases.filter(catalog.window.kinds.contains)
            .sorted { $0.directoryName < $1.directoryName }
            .map { kind in
                MountSnapshot.List(
                    account: account.description, isSubaccount: isSubaccount, name: kind.directoryName,
                    status: synchronizer.status(of: kind), tallies: tallies.filter { $0.kind == kind })
            }
    }
}
