import Catalog
import FoundationEssentials
import Media
import Monitoring
import Readability
import Support
import Sync
import Transfer
import TwilioAPI

/// The state of a mount's parts at one moment, the source of ``MountMetrics``.
struct MountSnapshot: Sendable {
    /// A list of the account or of a subaccount.
    struct List: Sendable {
        /// The labels of its samples.
        let labels: [String: String]
        let status: ListStatus
        /// The number of recordings by Twilio's status.
        let resources: [String: Int64]
        let completed: Int64
        let sized: Int64
        let knownBytes: Int64
    }

    /// The list of calls of the account or of a subaccount.
    struct Calls: Sendable {
        /// The labels of its samples.
        let labels: [String: String]
        let state: ListStatus.State
    }

    struct Subaccount: Sendable {
        let sid: String
        let name: ForeignText
        /// The reason why its video is hidden; nil if it is visible.
        let videoIssue: String?
    }

    let version: String
    let time: Date
    let mounted: Date
    let account: String
    var lists: [List]
    /// The lists of calls that are asked for.
    var calls: [Calls]
    var subaccounts: [Subaccount]
    var integrity: [StoredIntegrity: Int64]
    var unreadable: [UnreadableRecordings]
    var transfer: TransferClient.Statistics
    var library: MediaLibrary.Statistics
    var waitingRequests: Int
    var keyProcess = KeyProcessStatus()
}

extension MountSnapshot.List {
    /// Sums up a list of an account.
    ///
    /// - Parameter tallies: The tallies of the list's kind.
    init(account: String, isSubaccount: Bool, name: String, status: ListStatus, tallies: [Tally]) {
        labels = MountSnapshot.labels(account: account, isSubaccount: isSubaccount).merging(["list": name]) { $1 }
        self.status = status
        resources = tallies.reduce(into: [:]) {
            $0[$1.status.rawValue] = ($0[$1.status.rawValue] ?? 0).addingSaturated($1.count)
        }
        let completed = tallies.filter { $0.status == .completed }
        self.completed = completed.map(\.count).sumSaturated()
        sized = completed.map(\.sizedCount).sumSaturated()
        knownBytes = completed.map(\.knownBytes).sumSaturated()
    }
}

extension MountSnapshot.Calls {
    init(account: String, isSubaccount: Bool, state: ListStatus.State) {
        self.init(labels: MountSnapshot.labels(account: account, isSubaccount: isSubaccount), state: state)
    }
}

extension ListStatus.State {
    /// The word for it.
    var word: String { told.word }

    /// The reason for a stale, failed or refused list.
    var error: String? { told.error }

    /// The words for all states, in the order of their occurrence.
    static let words = ["waiting", "syncing", "complete", "stale", "failed", "refused"]

    private var told: (word: String, error: String?) {
        switch self {
        case .waiting: ("waiting", nil)
        case .syncing: ("syncing", nil)
        case .complete: ("complete", nil)
        case .stale(let message): ("stale", message)
        case .failed(let message): ("failed", message)
        case .refused(let message): ("refused", message)
        }
    }
}

// The samples for the rows of ``MountMetrics``.

extension MountSnapshot {
    /// A value of each list that has one.
    func ofLists(_ value: (List) -> MetricSample.Value?) -> [MetricSample] {
        lists.compactMap { list in value(list).map { MetricSample(list.labels, $0) } }
    }

    /// A value of each list of calls that has one.
    func ofCalls(_ value: (Calls) -> MetricSample.Value?) -> [MetricSample] {
        calls.compactMap { calls in value(calls).map { MetricSample(calls.labels, $0) } }
    }

    /// The labels of what an account has.
    static func labels(account: String, isSubaccount: Bool) -> [String: String] {
        ["account": account].merging(isSubaccount ? ["subaccount": account] : [:]) { $1 }
    }

    /// The counts of each list by status; the object exists even if it is empty.
    var resourceCounts: [MetricSample] {
        lists.flatMap { list in
            [MetricSample(list.labels, nil)]
                + list.resources.sorted { $0.key < $1.key }.map { status, count in
                    MetricSample(list.labels.merging(["status": status]) { $1 }, .integer(count))
                }
        }
    }

    /// The number of recordings by integrity.
    var integrityCounts: [MetricSample] {
        integrity.map { ($0.rawValue, $1) }.sorted { $0 < $1 }
            .map { MetricSample(["integrity": $0], .integer($1)) }
    }

    /// The number of waiting requests by priority.
    var waitingTransfers: [MetricSample] {
        [(Priority.reader, "reader"), (.readAhead, "read_ahead"), (.background, "background")].map {
            MetricSample(["priority": $1], .integer(transfer.waiting[$0] ?? 0))
        }
    }

    /// A value of each subaccount; the array exists even if it is empty.
    func ofSubaccounts(_ value: (Subaccount) -> MetricSample.Value) -> [MetricSample] {
        [MetricSample([:], nil)]
            + subaccounts.map { MetricSample(["account": $0.sid, "subaccount": $0.sid], value($0)) }
    }

    /// The names of the private keys that are lost; the array exists even if it is empty.
    var lostKeys: [MetricSample] {
        [MetricSample([:], nil)]
            + keyProcess.lostKeys.enumerated().map { MetricSample(["index": "\($0)"], .text($1)) }
    }

    /// A value of each host that is unreachable or asks for a pause.
    func ofHosts(_ value: (TransferClient.Statistics.Host) -> MetricSample.Value?) -> [MetricSample] {
        transfer.hosts.compactMap { host in value(host).map { MetricSample(["host": host.name], $0) } }
    }

    /// A value of each reason for unreadable recordings; several accounts may have the same requirement.
    func ofUnreadable(_ value: (UnreadableRecordings) -> MetricSample.Value) -> [MetricSample] {
        [MetricSample([:], nil)] + unreadable.enumerated().map { Self.sample($1, at: $0, value($1)) }
    }

    /// The numbers of unreadable recordings, by the name of the requirement.
    var unreadableCounts: [MetricSample] {
        unreadable.enumerated().sorted { $0.element.requirement.name < $1.element.requirement.name }
            .map { Self.sample($1, at: $0, .integer($1.count)) }
    }

    private static func sample(
        _ item: UnreadableRecordings, at index: Int, _ value: MetricSample.Value
    ) -> MetricSample { MetricSample(["requirement": item.requirement.name, "index": "\(index)"], value) }
}

extension MetricSample.Value {
    /// A whole number.
    static func integer(_ number: Int) -> Self { .integer(Int64(number)) }

    /// A time of the catalog.
    static func time(_ time: Timestamp) -> Self { .time(Date(timeIntervalSince1970: TimeInterval(time.seconds))) }

    /// Seconds, rounded up to tenths.
    static func tenths(_ duration: Duration) -> Self { .number((duration / .seconds(0.1)).rounded(.up) / 10) }
}
