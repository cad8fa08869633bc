package import Catalog
package import FoundationEssentials
package import Media
package import Monitoring
import Support
package import Transfer
package import TwilioAPI

/// Asks the parts of a mount for their state, for ``MountMetrics``.
public final class StatusGatherer: Sendable {
    private let version: String
    private let account: SID
    private let mounted: Date
    private let catalog: Catalog
    private let synchronizer: Synchronizer
    private let subaccounts: [Branch]
    private let library: MediaLibrary
    private let transfer: TransferClient
    private let metrics: MetricRegistry<MountSnapshot>

    /// Counts the kernel's requests that have no answer, once there is a mount.
    private let waitingRequests = Locked<(@Sendable () -> Int)?>(nil)

    /// Tells what can't be read.
    private let unreadable = Locked<(@Sendable () -> [Readability.Unreadable])?>(nil)

    /// Makes a gatherer.
    ///
    /// - Parameters:
    ///   - version: this program's.
    ///   - mounted: when the account is mounted.
    ///   - subaccounts: those that are mounted below it.
    ///   - metrics: has what the parts record.
    package init(
        version: String, account: SID, mounted: Date, catalog: Catalog, synchronizer: Synchronizer,
        subaccounts: [Branch] = [], library: MediaLibrary, transfer: TransferClient,
        metrics: MetricRegistry<MountSnapshot>
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
    }

    /// Sets who counts the kernel's requests that have no answer.
    ///
    /// It is called within requests and must be quick.
    public func askForWaitingRequests(_ waitingRequests: @escaping @Sendable () -> Int) {
        self.waitingRequests.withLock { $0 = waitingRequests }
    }

    /// Sets who tells what can't be read; it must be quick.
    public func askForUnreadable(_ unreadable: @escaping @Sendable () -> [Readability.Unreadable]) {
        self.unreadable.withLock { $0 = unreadable }
    }

    /// All metrics, now.
    func report() throws(CatalogError) -> MetricReport {
        metrics.report(of: try snapshot())
    }

    private func snapshot() throws(CatalogError) -> MountSnapshot {
        let integrity = try catalog.integrityCounts()
        var lists = try Self.lists(account, catalog, synchronizer, isSubaccount: false)
        for branch in subaccounts {
            lists += try Self.lists(branch.account, branch.catalog, branch.synchronizer, isSubaccount: true)
        }
        return MountSnapshot(
            version: version, time: .now, mounted: mounted, account: account.description, lists: lists,
            subaccounts: subaccounts.map {
                MountSnapshot.Subaccount(
                    sid: $0.account.description, name: $0.name, videoIssue: $0.videoIssue)
            },
            integrity: Dictionary(uniqueKeysWithValues: StoredIntegrity.allCases.map { ($0, integrity[$0] ?? 0) }),
            unreadable: unreadable.withLock { $0 }?() ?? [], transfer: transfer.statistics,
            library: library.statistics, waitingRequests: waitingRequests.withLock { $0 }?() ?? 0)
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
