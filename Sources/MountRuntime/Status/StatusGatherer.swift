import Catalog
import FileTree
import FoundationEssentials
import Media
import Monitoring
import Readability
import Sync
import Transfer
import TwilioAPI

/// Gathers the state of a mount's parts for ``MountMetrics``.
struct StatusGatherer: Sendable {
    let version: String
    /// The time of the mount.
    let mounted = Date.now
    let main: Branch
    let subaccounts: [Branch]
    let library: MediaLibrary
    let transfer: TransferClient
    let metrics: MetricRegistry<MountSnapshot>
    let readability: Readability
    /// Counts the kernel's requests without an answer; must be quick, since such a request causes the call.
    var waitingRequests: @Sendable () -> Int
    var keyProcess: @Sendable () -> KeyProcessStatus = { KeyProcessStatus() }

    /// The current metrics.
    func report() throws(CatalogError) -> MetricReport { metrics.report(of: try snapshot()) }

    private func snapshot() throws(CatalogError) -> MountSnapshot {
        let integrity = try main.catalog.integrityCounts()
        var lists = try Self.lists(of: main, isSubaccount: false)
        for branch in subaccounts { lists += try Self.lists(of: branch, isSubaccount: true) }
        let calls = ([main] + subaccounts).compactMap { branch in
            branch.synchronizer.callState.map {
                MountSnapshot.Calls(
                    account: branch.account.description, isSubaccount: branch.account != main.account, state: $0)
            }
        }
        return MountSnapshot(
            version: version, time: .now, mounted: mounted, account: main.account.description, lists: lists,
            calls: calls,
            subaccounts: subaccounts.map {
                MountSnapshot.Subaccount(sid: $0.account.description, name: $0.name, videoIssue: $0.videoIssue)
            },
            integrity: Dictionary(uniqueKeysWithValues: StoredIntegrity.allCases.map { ($0, integrity[$0] ?? 0) }),
            unreadable: readability.unreadable, transfer: transfer.statistics,
            library: library.statistics, waitingRequests: waitingRequests(),
            keyProcess: keyProcess())
    }

    /// The lists of one account, by name.
    private static func lists(of branch: Branch, isSubaccount: Bool) throws(CatalogError) -> [MountSnapshot.List] {
        let tallies = try branch.catalog.tallies()
        return branch.catalog.window.kinds.sorted { $0.directoryName < $1.directoryName }.map { kind in
            MountSnapshot.List(
                account: branch.account.description, isSubaccount: isSubaccount, name: kind.directoryName,
                status: branch.synchronizer.status(of: kind), tallies: tallies.filter { $0.kind == kind })
        }
    }
}
