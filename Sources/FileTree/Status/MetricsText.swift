import FoundationEssentials
import Support

/// A mount's status in Prometheus' text format, version 0.0.4: the contents of `.twiliofs/metrics`.
///
/// Names as its conventions ask: a prefix, base units, `_total` for what only ever grows.
struct MetricsText {
    private enum Kind: String {
        case counter
        case gauge
    }

    /// One number of a metric, and what tells it from the others.
    private struct Sample {
        let labels: KeyValuePairs<String, String>
        let value: Double

        init(_ labels: KeyValuePairs<String, String>, _ value: Double) {
            self.labels = labels
            self.value = value
        }
    }

    /// The text, with a newline at its end.
    private(set) var text = ""

    init(_ status: MountStatus) {
        family("info", .gauge, "Always 1; what is mounted.") {
            [Sample(["version": status.version, "account": status.account], 1)]
        }
        number(
            "mount_timestamp_seconds", .gauge, "When the account was mounted, in seconds since 1970.",
            status.mounted.timeIntervalSince1970)
        addLists(of: status)
        addIntegrity(of: status)
        addUnreadable(of: status)
        addTransfers(of: status)
        addMedia(of: status)
        addErrors(of: status)
    }

    private mutating func addLists(of status: MountStatus) {
        let accounts = [(status.account, status.lists)] + status.accounts.map { ($0.sid, $0.lists) }
        let lists = accounts.flatMap { account, lists in
            lists.sorted { $0.key < $1.key }.map { (account: account, name: $0, list: $1) }
        }
        /// One number of each list that has it.
        func samples(_ value: (MountStatus.List) -> Double?) -> [Sample] {
            lists.compactMap { account, name, list in
                value(list).map { Sample(["account": account, "list": name], $0) }
            }
        }
        family("list_state", .gauge, "1 for the state that a list is in, else 0.") {
            lists.flatMap { account, name, list in
                MountStatus.List.State.all.map { state in
                    Sample(["account": account, "list": name, "state": state.rawValue], list.state == state ? 1 : 0)
                }
            }
        }
        family("recordings", .gauge, "Completed recordings that are known.") { samples { Double($0.recordings) } }
        family("resources", .gauge, "Recordings that are known, by the status that Twilio tells.") {
            lists.flatMap { account, name, list in
                (list.resources ?? [:]).sorted { $0.key < $1.key }.map { status, count in
                    Sample(["account": account, "list": name, "status": status], Double(count))
                }
            }
        }
        family("sized_recordings", .gauge, "Completed recordings whose size is known.") {
            samples { $0.sized.map(Double.init) }
        }
        family("known_size_bytes", .gauge, "The sum of the sizes that are known, in bytes of plaintext.") {
            samples { Double($0.knownBytes) }
        }
        family("list_pages", .gauge, "Pages fetched so far of a list that isn't complete yet.") {
            samples { $0.pages.map(Double.init) }
        }
        family("list_items", .gauge, "Recordings met so far in a list that isn't complete yet.") {
            samples { $0.items.map(Double.init) }
        }
        family("list_items_per_second", .gauge, "Recordings met a second in a list that isn't complete yet.") {
            samples { $0.itemsPerSecond }
        }
        family("list_remaining_seconds", .gauge, "Seconds until a list is complete that isn't yet.") {
            samples { $0.secondsLeft }
        }
        family("list_refresh_timestamp_seconds", .gauge, "When a list was last asked for what is new.") {
            samples { $0.lastRefresh?.timeIntervalSince1970 }
        }
        family("list_full_pass_timestamp_seconds", .gauge, "When all of a list was last fetched.") {
            samples { $0.lastFullPass?.timeIntervalSince1970 }
        }
        family("subaccount_video_available", .gauge, "1 where a subaccount's video can be shown, else 0.") {
            status.accounts.map {
                Sample(["account": $0.sid], $0.video == MountStatus.Subaccount.videoIsAvailable ? 1 : 0)
            }
        }
    }

    private mutating func addIntegrity(of status: MountStatus) {
        family("integrity_recordings", .gauge, "The account's own completed recordings, by their integrity.") {
            Self.byName(status.integrity, label: "integrity")
        }
        family("verdicts_total", .counter, "Tags that were checked, by what was found out.") {
            Self.byName(
                [
                    "verified": status.verdicts.verified, "doubted": status.verdicts.doubted,
                    "failed": status.verdicts.failed,
                ], label: "verdict")
        }
    }

    private mutating func addUnreadable(of status: MountStatus) {
        // Several accounts may lack the same.
        let counts = (status.unreadable ?? []).reduce(into: [String: Int64]()) { counts, item in
            counts[item.requirement] = (counts[item.requirement] ?? 0).addingSaturated(item.recordings)
        }
        family("unreadable_recordings", .gauge, "Completed recordings that can't be read, by what isn't held.") {
            Self.byName(counts, label: "requirement")
        }
    }

    private mutating func addTransfers(of status: MountStatus) {
        family("http_requests_total", .counter, "Requests that have ended, by host and status.") {
            status.requests.map { Sample(["host": $0.host, "status": $0.status], Double($0.count)) }
        }
        number("http_received_bytes_total", .counter, "Bytes of all answers.", Double(status.transfers.receivedBytes))
        number(
            "http_retries_total", .counter, "Times that a transfer has waited in order to be repeated.",
            Double(status.transfers.retries))
        number(
            "http_requests_running", .gauge, "Requests that have begun and not ended.", Double(status.transfers.running)
        )
        family("http_requests_waiting", .gauge, "Requests that wait for their turn, by who needs them.") {
            let waiting = status.transfers.waiting
            return [
                Sample(["priority": "reader"], Double(waiting.reader)),
                Sample(["priority": "read_ahead"], Double(waiting.readAhead)),
                Sample(["priority": "background"], Double(waiting.background)),
            ]
        }
        addHosts(of: status)
        number(
            "limiter_limit", .gauge, "Requests at once that the account seems to allow now.",
            Double(status.limiter.limit))
        number(
            "limiter_maximum", .gauge, "Requests at once that are sent to the account at the most.",
            Double(status.limiter.maximum))
        number("limiter_running", .gauge, "Requests to the account that run.", Double(status.limiter.running))
        number(
            "limiter_paused_seconds", .gauge, "The longest pause that a host asks for, in seconds.",
            status.limiter.pausedSeconds)
    }

    private mutating func addHosts(of status: MountStatus) {
        let hosts = status.hosts ?? []
        func add(_ name: String, _ help: String, _ value: (MountStatus.Host) -> Double) {
            family(name, .gauge, help) { hosts.map { Sample(["host": $0.host], value($0)) } }
        }
        family("host_breaker_state", .gauge, "1 for the state of a host's circuit breaker, else 0.") {
            hosts.flatMap { host in
                ["closed", "open", "half_open"].map {
                    Sample(["host": host.host, "state": $0], host.state == $0 ? 1 : 0)
                }
            }
        }
        add("host_failures", "Attempts to connect in a row that failed.") { Double($0.failures) }
        add("host_next_attempt_seconds", "Seconds until the next attempt to connect.") { $0.nextAttemptSeconds }
        add("host_paused_seconds", "Seconds that the host has asked to wait.") { $0.pausedSeconds }
    }

    private mutating func addMedia(of status: MountStatus) {
        number("probes_outstanding", .gauge, "Sizes that are being learnt.", Double(status.probes.outstanding))
        family("probes_total", .counter, "Sizes that were to be learnt, by what came of it.") {
            Self.byName(["learnt": status.probes.learnt, "failed": status.probes.failed], label: "result")
        }
        number(
            "fetched_bytes_total", .counter, "Bytes of ciphertext that came from the network.",
            Double(status.bytes.fetched))
        number(
            "disk_cache_read_bytes_total", .counter, "Bytes of ciphertext that came from the disk cache.",
            Double(status.bytes.fromDiskCache))
        number(
            "served_bytes_total", .counter, "Bytes of plaintext that programs were given.", Double(status.bytes.served))
        number("open_files", .gauge, "Recordings that are open, each as often as it is.", Double(status.openFiles))
        number(
            "waiting_reads", .gauge, "Reads of recordings that have begun and not ended.", Double(status.waitingReads))
        number(
            "waiting_requests", .gauge, "Requests of the kernel that have no answer yet.",
            Double(status.waitingRequests))
        number("memory_granted_bytes", .gauge, "Memory that media may take.", Double(status.memory.granted))
        number("memory_used_bytes", .gauge, "Memory that ciphertext takes.", Double(status.memory.used))
    }

    private mutating func addErrors(of status: MountStatus) {
        family("media_errors_total", .counter, "Reading of media that has failed, by kind.") {
            Self.byName(status.errors.media, label: "kind")
        }
        family("system_errors_total", .counter, "Errors that programs were told, by the errno's name.") {
            Self.byName(status.errors.system, label: "errno")
        }
    }

    private static func byName(_ counts: [String: Int64], label: String) -> [Sample] {
        counts.sorted { $0.key < $1.key }.map { name, count in Sample([label: name], Double(count)) }
    }

    /// Adds a metric that is one number.
    private mutating func number(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        family(name, kind, help) { [Sample([:], value)] }
    }

    /// Adds a metric, unless it has no samples.
    private mutating func family(
        _ name: String, _ kind: Kind, _ help: String, _ samples: () -> [Sample]
    ) {
        let samples = samples()
        guard !samples.isEmpty else { return }
        text += "# HELP twiliofs_\(name) \(help)\n# TYPE twiliofs_\(name) \(kind)\n"
        for sample in samples {
            let list = sample.labels.map { "\($0)=\"\(Self.escape($1))\"" }.joined(separator: ",")
            text += "twiliofs_\(name)\(list.isEmpty ? "" : "{\(list)}") \(Self.formatted(sample.value))\n"
        }
    }

    private static func escape(_ value: String) -> String {
        var escaped = ""
        for character in value.unicodeScalars {
            switch character {
            case "\\": escaped += #"\\"#
            case "\"": escaped += #"\""#
            case "\n": escaped += #"\n"#
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    /// Whole numbers as such: they are nearly all, and read better.
    private static func formatted(_ value: Double) -> String {
        Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }
}
