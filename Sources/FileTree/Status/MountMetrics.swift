import Catalog
import Media
package import Monitoring
import Transfer
import TwilioAPI

/// The metrics of a mount: one row declares each.
///
/// A row without a closure is recorded through swift-metrics by the part that names it. All others are read from a
/// ``MountSnapshot``. A test compares the rows with `doc/STATUS.md`.
package enum MountMetrics {
    fileprivate typealias Row = Metric<MountSnapshot>

    /// Begins the names in the Prometheus text.
    static let prefix = "twiliofs_"

    /// The bounds of time, in seconds: half decades.
    private static let tenMicroseconds = [0.00001, 0.00003, 0.0001, 0.0003]
    private static let milliseconds = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100]

    /// All rows, in the order of the Prometheus text.
    static let all = mount + lists + recordings + transfers + hosts + media

    /// Makes the registry of one mount.
    package static func registry() -> MetricRegistry<MountSnapshot> {
        MetricRegistry(all)
    }

    /// Reads a metric that has one value.
    private static func one(_ value: @escaping @Sendable (MountSnapshot) -> MetricSample.Value) -> Row.Reading {
        { [MetricSample([:], value($0))] }
    }

    // MARK: The mount

    private static let mount: [Metric<MountSnapshot>] = [
        Row(
            fact: "Number of this schema.", field: "schema",
            read: one { _ in .integer(Int64(MountStatus.currentSchema)) }),
        Row(fact: "Version of the program that serves the mount.", field: "version", read: one { .text($0.version) }),
        Row(fact: "SID of the account.", field: "account", read: one { .text($0.account) }),
        Row(fact: "When these values were gathered.", unit: "time", field: "time", read: one { .time($0.time) }),
        Row(.gauge, "info", "Always 1; the labels say what is mounted.", labels: ["version", "account"]) {
            [MetricSample(["version": $0.version, "account": $0.account], .integer(1))]
        },
        Row(
            .gauge, "mount_timestamp_seconds", unit: "time", "When the account was mounted.", field: "mounted",
            read: one { .time($0.mounted) }),
        Row(
            .gauge, "waiting_requests", unit: "requests", "Requests of the kernel without an answer yet.",
            field: "waiting_requests", read: one { .integer($0.waitingRequests) }),
        Row(
            .histogram(bounds: tenMicroseconds + milliseconds), "fuse_request_duration_seconds", unit: "seconds",
            "Time from the arrival of a request of the kernel to its answer, by operation.", labels: ["operation"]),
        Row(
            .counter, "system_errors_total", unit: "times",
            "Errors that requests of the kernel were answered with, by the name of the errno.", labels: ["errno"],
            field: "errors.system.{errno}", omitsZero: true),
    ]

    // MARK: Lists and subaccounts

    private static let ofList = ["account", "list"]

    /// The path of a list's field.
    private static func list(_ field: String) -> FieldPath {
        FieldPath("accounts[sid=subaccount]?.lists.{list}.\(field)")
    }

    private static let lists: [Metric<MountSnapshot>] = [
        Row(
            .state(MountSnapshot.List.states), "list_state",
            "State of the list; for Prometheus 1 for the one it is in, 0 for the others.", labels: ofList,
            field: list("state")
        ) { $0.ofLists { .text($0.state.word) } },
        Row(fact: "Why the list is stale or failed.", field: list("error")) {
            $0.ofLists { $0.state.error.map { .text($0) } }
        },
        Row(
            .gauge, "recordings", unit: "recordings",
            "Completed recordings that are known, within --since and --until; hidden ones count.", labels: ofList,
            field: list("recordings")
        ) { $0.ofLists { .integer($0.completed) } },
        Row(
            .gauge, "resources", unit: "recordings", "Recordings that are known, by Twilio's status.",
            labels: ofList + ["status"], field: list("resources.{status}")
        ) { $0.resourceCounts },
        Row(
            .gauge, "sized_recordings", unit: "recordings", "Completed recordings whose size is known.",
            labels: ofList, field: list("sized")
        ) { $0.ofLists { .integer($0.sized) } },
        Row(
            .gauge, "known_size_bytes", unit: "bytes", "Sum of the known sizes, of plaintext.", labels: ofList,
            field: list("known_bytes")
        ) { $0.ofLists { .integer($0.knownBytes) } },
        Row(
            .gauge, "list_pages", unit: "pages", "Pages that this mount has fetched; absent once the list is complete.",
            labels: ofList, field: list("pages")
        ) { $0.ofLists { $0.status.progress.map { .integer($0.pages) } } },
        Row(
            .gauge, "list_items", unit: "recordings",
            "Recordings on the fetched pages; absent once the list is complete.", labels: ofList, field: list("items")
        ) { $0.ofLists { $0.status.progress.map { .integer($0.items) } } },
        Row(
            .gauge, "list_items_per_second", unit: "recordings",
            "Recordings fetched in a second, on average; absent once the list is complete.", labels: ofList,
            field: list("items_per_second")
            // Tenths are as exact as an average of what comes in bursts can be.
        ) { $0.ofLists { $0.status.progress.map { .number(($0.itemsPerSecond * 10).rounded() / 10) } } },
        Row(
            .gauge, "list_remaining_seconds", unit: "seconds",
            "Estimated time until the list is complete; absent if it can't be estimated.", labels: ofList,
            field: list("seconds_left")
        ) { $0.ofLists { $0.status.progress?.secondsLeft.map { .number($0.rounded()) } } },
        Row(
            .gauge, "list_refresh_timestamp_seconds", unit: "time", "When new recordings were last asked for.",
            labels: ofList, field: list("last_refresh")
        ) { $0.ofLists { $0.status.refreshed.map { .time($0) } } },
        Row(
            .gauge, "list_full_pass_timestamp_seconds", unit: "time", "When the whole list was last fetched.",
            labels: ofList, field: list("last_full_pass")
        ) { $0.ofLists { $0.status.passed.map { .time($0) } } },
        Row(fact: "SID of the subaccount.", field: "accounts[sid=subaccount].sid"),
        Row(fact: "Friendly name of the subaccount.", field: "accounts[sid=subaccount].name") {
            $0.ofSubaccounts { .text("\($0.name)") }
        },
        Row(
            fact: "`available`, or why the subaccount's video can't be shown.", field: "accounts[sid=subaccount].video"
        ) {
            $0.ofSubaccounts { .text($0.videoIssue ?? MountStatus.Subaccount.videoIsAvailable) }
        },
        Row(
            .gauge, "subaccount_video_available", "1 if the subaccount's video can be shown, else 0.",
            labels: ["account"]
        ) { $0.ofSubaccounts { .flag($0.videoIssue == nil) } },
    ]

    // MARK: Integrity and keys

    private static let recordings: [Metric<MountSnapshot>] = [
        Row(
            .gauge, "integrity_recordings", unit: "recordings",
            "Completed recordings by their integrity; those of subaccounts don't count.", labels: ["integrity"],
            field: "integrity.{integrity}"
        ) { snapshot in
            StoredIntegrity.allCases.sorted { $0.rawValue < $1.rawValue }.map {
                MetricSample(["integrity": $0.rawValue], .integer(snapshot.integrity[$0] ?? 0))
            }
        },
        Row(
            .counter, "verdicts_total", unit: "files", "Checks of the tag of a whole file, by verdict.",
            labels: ["verdict"], field: "verdicts.{verdict}"),
        Row(
            .gauge, "unreadable_recordings", unit: "recordings",
            "Completed recordings that can't be read, by what they require.", labels: ["requirement"],
            field: unreadable("recordings")
        ) { $0.ofUnreadable { .integer($0.count) } },
        Row(
            fact:
                "SID of the public key (`CR…`) whose private key is missing, `unnamed_key` if the resource doesn't name it,"
                + " or `bucket` for media outside of Twilio.", field: unreadable("requirement")),
        Row(fact: "Whether --hide-unreadable leaves them out.", field: unreadable("is_hidden")) {
            $0.ofUnreadable { .flag($0.isHidden) }
        },
        Row(fact: "The same as a sentence.", field: unreadable("sentence")) {
            $0.ofUnreadable { .text($0.sentence) }
        },
    ]

    private static func unreadable(_ field: String) -> FieldPath {
        FieldPath("unreadable[#index,requirement].\(field)")
    }

    // MARK: Requests to Twilio

    private static let transfers: [Metric<MountSnapshot>] = [
        Row(
            .counter, "http_requests_total", unit: "requests",
            "HTTP requests that have ended, by host and status; repetitions and redirects count each.",
            labels: ["host", "status"], field: "requests[host,status].count"),
        Row(
            fact: "Their host, with its port where the address has one; `other` for all hosts beyond the first 64.",
            field: "requests[host,status].host"),
        Row(
            fact: "Status of the answer, `failed` without an answer, or `cancelled` if it was no longer wanted.",
            field: "requests[host,status].status"),
        Row(
            .histogram(bounds: milliseconds), "http_first_byte_seconds", unit: "seconds",
            "Time from the start of an HTTP request to the start of its answer, connecting included, by host.",
            labels: ["host"]),
        Row(
            .counter, "http_received_bytes_total", unit: "bytes", "Bytes of all answers, the API's included.",
            field: "transfers.received_bytes"),
        Row(
            .counter, "http_retries_total", unit: "times", "Waits of transfers before a repetition.",
            field: "transfers.retries"),
        Row(
            .gauge, "http_requests_running", unit: "requests", "HTTP requests that have begun and not ended.",
            field: "transfers.running", read: one { .integer($0.transfer.running) }),
        Row(
            .gauge, "http_requests_waiting", unit: "requests",
            "HTTP requests that wait for their turn, by who needs them.", labels: ["priority"],
            field: "transfers.waiting.{priority}"
        ) { snapshot in
            let priorities = [(Priority.reader, "reader"), (.readAhead, "read_ahead"), (.background, "background")]
            return priorities.map { priority, name in
                MetricSample(["priority": name], .integer(snapshot.transfer.waiting[priority] ?? 0))
            }
        },
    ]

    // MARK: Hosts and the limiter

    private static let hosts: [Metric<MountSnapshot>] = [
        Row(
            .state(TransferClient.Statistics.Host.Breaker.allCases.map(\.rawValue)), "host_breaker_state",
            "State of the host's circuit breaker; for Prometheus 1 for the one it is in, 0 for the others.",
            labels: ["host"], field: "hosts[host].state"
        ) { $0.ofHosts { .text($0.breaker.rawValue) } },
        Row(fact: "Its name, with the port where that isn't the scheme's own.", field: "hosts[host].host"),
        Row(
            .gauge, "host_failures", unit: "attempts", "Attempts to connect that failed, in a row.", labels: ["host"],
            field: "hosts[host].failures"
        ) { $0.ofHosts { .integer($0.failures) } },
        Row(fact: "Why the last attempt failed.", field: "hosts[host].error") {
            $0.ofHosts { $0.reason.map { .text($0) } }
        },
        Row(
            .gauge, "host_next_attempt_seconds", unit: "seconds",
            "Time until the next attempt; 0 unless the breaker is open.", labels: ["host"],
            field: "hosts[host].next_attempt_seconds"
        ) { $0.ofHosts { .tenths($0.nextAttempt) } },
        Row(
            .gauge, "host_paused_seconds", unit: "seconds",
            "Pause that the host has asked for, for media or for the rest, whichever is longer; 0 for none.",
            labels: ["host"], field: "hosts[host].paused_seconds"
        ) { $0.ofHosts { .tenths($0.pause) } },
        Row(
            .gauge, "limiter_limit", unit: "requests", "Concurrent requests that the account seems to allow now.",
            field: "limiter.limit", read: one { .integer($0.transfer.limiter.limit) }),
        Row(
            .gauge, "limiter_maximum", unit: "requests", "Concurrent requests to the account at most.",
            field: "limiter.maximum", read: one { .integer($0.transfer.limiter.maximum) }),
        Row(
            .gauge, "limiter_running", unit: "requests", "Requests to the account that run.", field: "limiter.running",
            read: one { .integer($0.transfer.limiter.running) }),
        Row(
            .gauge, "limiter_paused_seconds", unit: "seconds",
            "Longest pause that a host has asked for; 0 for none.", field: "limiter.paused_seconds",
            read: one { .tenths($0.transfer.limiter.pause) }),
    ]

    // MARK: Media

    private static let media: [Metric<MountSnapshot>] = [
        Row(
            .gauge, "probes_outstanding", unit: "requests", "Requests for a size, running or waiting.",
            field: "probes.outstanding", read: one { .integer($0.library.runningDescriptions) }),
        Row(
            .counter, "probes_total", unit: "requests", "Requests for a size that have ended, by result.",
            labels: ["result"], field: "probes.{result}"),
        Row(
            .counter, "fetched_bytes_total", unit: "bytes", "Ciphertext from the network.", field: "bytes.fetched"),
        Row(
            .counter, "disk_cache_read_bytes_total", unit: "bytes", "Ciphertext from the disk cache.",
            field: "bytes.from_disk_cache"),
        Row(
            .counter, "served_bytes_total", unit: "bytes",
            "Plaintext to programs; answers of the kernel's page cache don't count.", field: "bytes.served"),
        Row(
            .histogram(bounds: milliseconds), "fetch_duration_seconds", unit: "seconds",
            "Time of a fetch of media, from its order to its last byte."),
        Row(
            .histogram(bounds: [16, 18, 20, 22, 24, 26, 28, 30].map { Double(1 << $0) }), "fetch_size_bytes",
            unit: "bytes", "Size of a fetch of media, of ciphertext."),
        Row(
            .gauge, "open_files", unit: "files", "Open recordings, each as often as it is open.", field: "open_files",
            read: one { .integer($0.library.openFiles) }),
        Row(
            .gauge, "waiting_reads", unit: "reads", "Reads of recordings that have begun and not ended.",
            field: "waiting_reads", read: one { .integer($0.library.waitingReads) }),
        Row(
            .gauge, "memory_granted_bytes", unit: "bytes", "Memory that media may take: --memory.",
            field: "memory.granted", read: one { .integer($0.library.memoryGranted) }),
        Row(
            .gauge, "memory_used_bytes", unit: "bytes", "Memory that ciphertext takes.", field: "memory.used",
            read: one { .integer($0.library.memoryUsed) }),
        Row(
            .counter, "media_errors_total", unit: "times", "Failures of reading media, by kind.", labels: ["kind"],
            field: "errors.media.{kind}", omitsZero: true),
    ]
}
