import Foundation
import Metrics
import Monitoring
import Support
import TwilioAPI

@testable import Catalog
@testable import Media
@testable import MountRuntime
@testable import Readability
@testable import Sync
@testable import Transfer

/// A mount of which everything is known, so that it has every field and every metric.
///
/// Each number but 0 is another one, so that a number in the wrong place is found.
struct SampleMount {
    static let account = "AC0123456789abcdef0123456789abcdef"
    static let subaccounts = ["AC11111111111111111111111111111111", "AC22222222222222222222222222222222"]

    let registry = MountMetrics.registry()
    var snapshot = SampleMount.snapshot

    init() {
        for (host, status, count) in [
            ("api.twilio.com", "200", 1234), ("api.twilio.com", "429", 5), ("video.twilio.com", "302", 9),
        ] {
            add("http_requests_total", count, ("host", host), ("status", status))
        }
        add("http_received_bytes_total", 999_999_999_999)
        add("http_retries_total", 66)
        for (verdict, count) in [("verified", 40), ("doubted", 22), ("failed", 11)] {
            add("verdicts_total", count, ("verdict", verdict))
        }
        for (result, count) in [("learnt", 60), ("failed", 44)] { add("probes_total", count, ("result", result)) }
        add("fetched_bytes_total", 1 << 30)
        add("disk_cache_read_bytes_total", 3 << 30)
        add("served_bytes_total", 4 << 30)
        for (index, code) in MediaError.Code.allCases.enumerated() {
            add("media_errors_total", 700 + index, ("kind", code.rawValue))
        }
        for (name, count) in [("EIO", 303), ("ENOENT", 70)] { add("system_errors_total", count, ("errno", name)) }
        Timer(label: "fuse_request_duration_seconds", dimensions: [("operation", "read")], factory: registry)
            .recordNanoseconds(50_000)
        Timer(label: "http_first_byte_seconds", dimensions: [("host", "api.twilio.com")], factory: registry)
            .recordMilliseconds(50)
        Timer(label: "fetch_duration_seconds", factory: registry).recordMilliseconds(200)
        Recorder(label: "fetch_size_bytes", factory: registry).record(1 << 20)
    }

    private func add(_ name: String, _ count: Int, _ labels: (String, String)...) {
        Counter(label: name, dimensions: labels, factory: registry).increment(by: count)
    }

    /// What `metrics` has in it.
    var text: String { registry.report(of: snapshot).prometheusText(prefix: MountMetrics.prefix) }

    /// What `status.json` has in it.
    var json: Data { get throws { try registry.report(of: snapshot).json } }

    /// The same as an object.
    var object: [String: Any] {
        get throws { try JSONSerialization.jsonObject(with: json) as? [String: Any] ?? [:] }
    }
}

extension SampleMount {
    private static func list(
        _ account: String, _ name: String, _ status: ListStatus, _ tallies: (ResourceStatus, Int64, Int64, Int64)...
    ) -> MountSnapshot.List {
        MountSnapshot.List(
            account: account, isSubaccount: account != Self.account, name: name, status: status,
            tallies: tallies.map { status, count, sized, bytes in
                Tally(
                    kind: .voiceRecording, status: status, integrity: .none, count: count, sizedCount: sized,
                    knownBytes: bytes)
            })
    }

    private static func syncing(pages: Int, items: Int, rate: Double, left: Double) -> ListStatus {
        ListStatus(
            state: .syncing,
            progress: ListProgress(
                pages: pages, items: items, itemsPerSecond: rate, itemsLeft: nil, secondsLeft: left),
            refreshed: Timestamp(seconds: 1_700_000_060), passed: Timestamp(seconds: 1_700_000_001))
    }

    private static var snapshot: MountSnapshot {
        var transfer = TransferClient.Statistics(limiter: .init(limit: 16, maximum: 32))
        transfer.running = 404
        transfer.waiting = [.reader: 17, .readAhead: 18, .background: 19]
        transfer.limiter.running = 13
        transfer.limiter.pause = .milliseconds(2450)
        var refused = TransferClient.Statistics.Host(name: "api.twilio.com")
        (refused.breaker, refused.failures, refused.reason) = (.open, 14, "Connection refused")
        refused.nextAttempt = .milliseconds(3500)
        var pausing = TransferClient.Statistics.Host(name: "video.twilio.com")
        pausing.pause = .seconds(12)
        transfer.hosts = [refused, pausing]
        var library = MediaLibrary.Statistics()
        (library.openFiles, library.waitingReads, library.runningDescriptions) = (202, 101, 33)
        (library.memoryUsed, library.memoryGranted) = (12 << 20, 256 << 20)
        return MountSnapshot(
            version: "1.2.3", time: Date(timeIntervalSince1970: 1_700_003_725),
            mounted: Date(timeIntervalSince1970: 1_700_000_000), account: account,
            lists: [
                list(account, "compositions", ListStatus(state: .complete), (.completed, 7, 6, 1235)),
                list(
                    account, "recordings", syncing(pages: 400, items: 400_000, rate: 1200.54, left: 500.4),
                    (.completed, 120_000, 119_000, 5 << 30), (ResourceStatus(rawValue: "processing"), 3, 0, 0)),
                list(
                    account, "video-recordings",
                    ListStatus(state: .failed("the list is \"broken\" \\ on\ntwo lines"))),
                list(
                    subaccounts[0], "recordings", ListStatus(state: .stale("late")), (.completed, 55, 54, 10_000)),
                list(
                    subaccounts[1], "recordings", syncing(pages: 21, items: 1050, rate: 3.25, left: 77),
                    (.completed, 1049, 1048, 20_000)),
            ],
            calls: [
                .init(account: account, isSubaccount: false, state: .refused("the key doesn't reach them")),
                .init(account: subaccounts[1], isSubaccount: true, state: .complete),
            ],
            subaccounts: [
                .init(sid: subaccounts[0], name: "Support", videoIssue: "no credentials were given for it"),
                .init(sid: subaccounts[1], name: "Sales", videoIssue: nil),
            ],
            integrity: [.verified: 100, .unverified: 20, .failed: 2, .none: 15],
            unreadable: [
                UnreadableRecordings(
                    requirement: .bucket, kinds: [.videoRecording], isHeldForOthers: false, count: 304, isWhole: true,
                    isHidden: true)
            ], transfer: transfer, library: library, waitingRequests: 808,
            keyProcess: KeyProcessStatus(
                state: .ended, lostKeys: ["the private key in '/k'", "the signing key in '/s'"]))
    }
}
