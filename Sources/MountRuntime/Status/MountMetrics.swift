import Media
import Monitoring
import Readability
import Sync
import Transfer

/// The metrics of a mount: one row declares each.
///
/// A row has the name in the Prometheus text, the unit, the path in `status.json`, and the meaning. Parts record
/// counters and histograms by name through swift-metrics; other values are read from a ``MountSnapshot``. A test
/// compares the rows with `doc/STATUS.md`.
enum MountMetrics {
    private typealias Row = Metric<MountSnapshot>
    private typealias Value = MetricSample.Value

    /// The prefix of the names in the Prometheus text.
    static let prefix = "twiliofs_"

    /// Makes the registry of one mount.
    static func registry() -> MetricRegistry<MountSnapshot> { MetricRegistry(all) }

    /// All rows, in the order of the Prometheus text.
    static let all: [Metric<MountSnapshot>] =
        mount + lists + calls + subaccounts + recordings + transfers + hosts + limiter + media + errors + distributions

    private static let mount = [
        fact("schema", "Number of this schema.") { _ in .integer(MountStatus.currentSchema) },
        fact("version", "Version of the program that serves the mount.") { .text($0.version) },
        fact("account", "SID of the account.") { .text($0.account) },
        fact("time", "When these values were gathered.", "time") { .time($0.time) },
        Row(.gauge, "info", "Always 1; the labels say what is mounted.", labels: ["version", "account"]) {
            [MetricSample(["version": $0.version, "account": $0.account], .integer(1))]
        },
        gauge("mount_timestamp_seconds", "time", "mounted", "When the account was mounted.") { .time($0.mounted) },
        Row(
            .state(KeyProcessState.allCases.map(\.rawValue)), "key_process_state",
            "State of the process that holds the private keys; for Prometheus 1 for the one it is in, 0 for the others.",
            field: "key_process"
        ) { [MetricSample([:], .text($0.keyProcess.state.rawValue))] },
        Row(
            fact: "A private key that can't be used, since the process that held it has ended; with its file.",
            field: "lost_keys[#index].name"
        ) { $0.lostKeys },
    ]

    private static let lists = [
        Row(
            .state(ListStatus.State.words), "list_state",
            "State of the list; for Prometheus 1 for the one it is in, 0 for the others.", labels: ["account", "list"],
            field: inList("state")
        ) { $0.ofLists { .text($0.status.state.word) } },
        Row(fact: "Why the list is stale, failed or refused.", field: inList("error")) {
            $0.ofLists { $0.status.state.error.map { .text($0) } }
        },
        ofList(
            "recordings", "recordings", "recordings",
            "Completed recordings that are known, within --since and --until; hidden ones count."
        ) { .integer($0.completed) },
        Row(
            .gauge, "resources", unit: "recordings", "Recordings that are known, by Twilio's status.",
            labels: ["account", "list", "status"], field: inList("resources.{status}")
        ) { $0.resourceCounts },
        ofList("sized_recordings", "recordings", "sized", "Completed recordings whose size is known.") {
            .integer($0.sized)
        },
        ofList("known_size_bytes", "bytes", "known_bytes", "Sum of the known sizes, of plaintext.") {
            .integer($0.knownBytes)
        },
        ofList("list_pages", "pages", "pages", "Pages that this mount has fetched; absent once the list is complete.") {
            $0.status.progress.map { .integer($0.pages) }
        },
        ofList(
            "list_items", "recordings", "items", "Recordings on the fetched pages; absent once the list is complete."
        ) { $0.status.progress.map { .integer($0.items) } },
        ofList(
            "list_items_per_second", "recordings", "items_per_second",
            "Recordings fetched in a second, on average; absent once the list is complete."
            // Tenths are precise enough for an average of bursts.
        ) { $0.status.progress.map { .number(($0.itemsPerSecond * 10).rounded() / 10) } },
        ofList(
            "list_remaining_seconds", "seconds", "seconds_left",
            "Estimated time until the list is complete; absent if it can't be estimated."
        ) { $0.status.progress?.secondsLeft.map { .number($0.rounded()) } },
        ofList(
            "list_refresh_timestamp_seconds", "time", "last_refresh", "When new recordings were last asked for."
        ) { $0.status.refreshed.map { .time($0) } },
        ofList(
            "list_full_pass_timestamp_seconds", "time", "last_full_pass", "When the whole list was last fetched."
        ) { $0.status.passed.map { .time($0) } },
    ]

    private static let calls = [
        Row(
            .state(ListStatus.State.words), "calls_state",
            "State of the list of calls; absent with --no-calls and without voice; for Prometheus 1 for the one it is in,"
                + " 0 for the others.", labels: ["account"], field: inCalls("state")
        ) { $0.ofCalls { .text($0.state.word) } },
        Row(fact: "Why the list of calls is stale, failed or refused.", field: inCalls("error")) {
            $0.ofCalls { $0.state.error.map { .text($0) } }
        },
    ]

    private static let subaccounts = [
        Row(fact: "SID of the subaccount.", field: "accounts[sid=subaccount].sid"),
        Row(fact: "Friendly name of the subaccount.", field: "accounts[sid=subaccount].name") {
            $0.ofSubaccounts { .text("\($0.name)") }
        },
        Row(
            fact: "`available`, or why the subaccount's video can't be shown.", field: "accounts[sid=subaccount].video"
        ) { $0.ofSubaccounts { .text($0.videoIssue ?? MountStatus.Subaccount.videoIsAvailable) } },
        Row(
            .gauge, "subaccount_video_available", "1 if the subaccount's video can be shown, else 0.",
            labels: ["account"]
        ) { $0.ofSubaccounts { .flag($0.videoIssue == nil) } },
    ]

    private static let recordings = [
        Row(
            .gauge, "integrity_recordings", unit: "recordings",
            "Completed recordings by their integrity; those of subaccounts don't count.", labels: ["integrity"],
            field: "integrity.{integrity}"
        ) { $0.integrityCounts },
        counter(
            "verdicts_total", "files", "verdicts.{verdict}", "Checks of the tag of a whole file, by verdict.",
            ["verdict"]),
        // The first row determines the elements of the array and their order.
        Row(fact: "Whether --hide-unreadable leaves them out.", field: inUnreadable("is_hidden")) {
            $0.ofUnreadable { .flag($0.isHidden) }
        },
        Row(
            .gauge, "unreadable_recordings", unit: "recordings",
            "Completed recordings that can't be read, by what they require.", labels: ["requirement"],
            field: inUnreadable("recordings")
        ) { $0.unreadableCounts },
        Row(
            fact: "SID of the public key (`CR…`) whose private key is missing, `unnamed_key` if the resource doesn't"
                + " name it, or `bucket` for media outside of Twilio.", field: inUnreadable("requirement")),
        Row(fact: "The same as a sentence.", field: inUnreadable("sentence")) {
            $0.ofUnreadable { .text($0.sentence) }
        },
    ]

    private static let transfers = [
        counter(
            "http_requests_total", "requests", "requests[host,status].count",
            "HTTP requests that have ended, by host and status; repetitions and redirects count each.",
            ["host", "status"]),
        Row(
            fact: "Their host, with its port where the address has one; `other` for all hosts beyond the first 64.",
            field: "requests[host,status].host"),
        Row(
            fact: "Status of the answer, `failed` without an answer, or `cancelled` if it was no longer wanted.",
            field: "requests[host,status].status"),
        counter(
            "http_received_bytes_total", "bytes", "transfers.received_bytes",
            "Bytes of all answers, the API's included."
        ),
        counter("http_retries_total", "times", "transfers.retries", "Waits of transfers before a repetition."),
        gauge(
            "http_requests_running", "requests", "transfers.running", "HTTP requests that have begun and not ended."
        ) { .integer($0.transfer.running) },
        Row(
            .gauge, "http_requests_waiting", unit: "requests",
            "HTTP requests that wait for their turn, by who needs them.", labels: ["priority"],
            field: "transfers.waiting.{priority}"
        ) { $0.waitingTransfers },
    ]

    private static let hosts = [
        Row(
            .state(TransferClient.Statistics.Host.Breaker.allCases.map(\.rawValue)), "host_breaker_state",
            "State of the host's circuit breaker; for Prometheus 1 for the one it is in, 0 for the others.",
            labels: ["host"], field: "hosts[host].state"
        ) { $0.ofHosts { .text($0.breaker.rawValue) } },
        Row(fact: "Its name, with the port where that isn't the scheme's own.", field: "hosts[host].host"),
        ofHost("host_failures", "attempts", "failures", "Attempts to connect that failed, in a row.") {
            .integer($0.failures)
        },
        Row(fact: "Why the last attempt failed.", field: "hosts[host].error") {
            $0.ofHosts { $0.reason.map { .text($0) } }
        },
        ofHost(
            "host_next_attempt_seconds", "seconds", "next_attempt_seconds",
            "Time until the next attempt; 0 unless the breaker is open."
        ) { .tenths($0.nextAttempt) },
        ofHost(
            "host_paused_seconds", "seconds", "paused_seconds",
            "Pause that the host has asked for, for media or for the rest, whichever is longer; 0 for none."
        ) { .tenths($0.pause) },
    ]

    private static let limiter = [
        gauge(
            "limiter_limit", "requests", "limiter.limit", "Concurrent requests that the account seems to allow now."
        ) { .integer($0.transfer.limiter.limit) },
        gauge("limiter_maximum", "requests", "limiter.maximum", "Concurrent requests to the account at most.") {
            .integer($0.transfer.limiter.maximum)
        },
        gauge("limiter_running", "requests", "limiter.running", "Requests to the account that run.") {
            .integer($0.transfer.limiter.running)
        },
        gauge(
            "limiter_paused_seconds", "seconds", "limiter.paused_seconds",
            "Longest pause that a host has asked for; 0 for none."
        ) { .tenths($0.transfer.limiter.pause) },
    ]

    private static let media = [
        gauge("probes_outstanding", "requests", "probes.outstanding", "Requests for a size, running or waiting.") {
            .integer($0.library.runningDescriptions)
        },
        counter(
            "probes_total", "requests", "probes.{result}", "Requests for a size that have ended, by result.",
            ["result"]),
        counter("fetched_bytes_total", "bytes", "bytes.fetched", "Ciphertext from the network."),
        counter("disk_cache_read_bytes_total", "bytes", "bytes.from_disk_cache", "Ciphertext from the disk cache."),
        counter(
            "served_bytes_total", "bytes", "bytes.served",
            "Plaintext to programs; answers of the kernel's page cache don't count."),
        gauge("open_files", "files", "open_files", "Open recordings, each as often as it is open.") {
            .integer($0.library.openFiles)
        },
        gauge("waiting_reads", "reads", "waiting_reads", "Reads of recordings that have begun and not ended.") {
            .integer($0.library.waitingReads)
        },
        gauge("waiting_requests", "requests", "waiting_requests", "Requests of the kernel without an answer yet.") {
            .integer($0.waitingRequests)
        },
        gauge("memory_granted_bytes", "bytes", "memory.granted", "Memory that media may take: --memory.") {
            .integer($0.library.memoryGranted)
        },
        gauge("memory_used_bytes", "bytes", "memory.used", "Memory that ciphertext takes.") {
            .integer($0.library.memoryUsed)
        },
    ]

    /// The errors; those that haven't occurred are omitted.
    private static let errors = [
        Row(
            .counter, "media_errors_total", unit: "times", "Failures of reading media, by kind.", labels: ["kind"],
            field: "errors.media.{kind}", omitsZero: true),
        Row(
            .counter, "system_errors_total", unit: "times",
            "Errors that requests of the kernel were answered with, by the name of the errno.", labels: ["errno"],
            field: "errors.system.{errno}", omitsZero: true),
    ]

    /// The histograms, which come last.
    ///
    /// Every operation has its samples from the start, so that the text hardly grows while programs read it; the others
    /// have none before the first measurement.
    private static let distributions = [
        histogram(
            "fuse_request_duration_seconds", "seconds", tenMicroseconds + milliseconds,
            "Time from the arrival of a request of the kernel to its answer, by operation.", ["operation"],
            omitsZero: false),
        histogram(
            "http_first_byte_seconds", "seconds", milliseconds,
            "Time from the start of an HTTP request to the start of its answer, connecting included, by host.",
            ["host"]),
        histogram(
            "fetch_duration_seconds", "seconds", milliseconds,
            "Time of a fetch of media, from its order to its last byte."),
        histogram(
            "fetch_size_bytes", "bytes", [16, 18, 20, 22, 24, 26, 28, 30].map { Double(1 << $0) },
            "Size of a fetch of media, of ciphertext."),
    ]

    // MARK: Kinds of rows

    /// Bounds of times in half decades, in seconds.
    private static let milliseconds = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100]
    private static let tenMicroseconds = [0.00001, 0.00003, 0.0001, 0.0003]

    private static func inList(_ field: String) -> FieldPath { "accounts[sid=subaccount]?.lists.{list}.\(field)" }

    private static func inCalls(_ field: String) -> FieldPath { "accounts[sid=subaccount]?.calls.\(field)" }

    private static func inUnreadable(_ field: String) -> FieldPath { "unreadable[#index,requirement].\(field)" }

    private static func fact(
        _ field: FieldPath, _ help: String, _ unit: String = "", _ value: @escaping @Sendable (MountSnapshot) -> Value
    ) -> Row { Row(fact: help, unit: unit, field: field) { [MetricSample([:], value($0))] } }

    private static func counter(
        _ name: String, _ unit: String, _ field: FieldPath, _ help: String, _ labels: [String] = []
    ) -> Row { Row(.counter, name, unit: unit, help, labels: labels, field: field) }

    private static func histogram(
        _ name: String, _ unit: String, _ bounds: [Double], _ help: String, _ labels: [String] = [],
        omitsZero: Bool = true
    ) -> Row { Row(.histogram(bounds: bounds), name, unit: unit, help, labels: labels, omitsZero: omitsZero) }

    private static func gauge(
        _ name: String, _ unit: String, _ field: FieldPath, _ help: String,
        _ value: @escaping @Sendable (MountSnapshot) -> Value
    ) -> Row { Row(.gauge, name, unit: unit, help, field: field) { [MetricSample([:], value($0))] } }

    private static func ofList(
        _ name: String, _ unit: String, _ field: String, _ help: String,
        _ value: @escaping @Sendable (MountSnapshot.List) -> Value?
    ) -> Row {
        Row(.gauge, name, unit: unit, help, labels: ["account", "list"], field: inList(field)) { $0.ofLists(value) }
    }

    private static func ofHost(
        _ name: String, _ unit: String, _ field: String, _ help: String,
        _ value: @escaping @Sendable (TransferClient.Statistics.Host) -> Value?
    ) -> Row {
        Row(.gauge, name, unit: unit, help, labels: ["host"], field: "hosts[host].\(field)") { $0.ofHosts(value) }
    }
}
