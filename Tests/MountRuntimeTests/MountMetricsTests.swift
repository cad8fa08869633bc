import Foundation
import Metrics
import Monitoring
import TestSupport
import Testing
import TwilioAPI

@testable import Catalog
@testable import Media
@testable import MountRuntime
@testable import Readability
@testable import Sync
@testable import Transfer

@Suite("The metrics of a mount", .orderly)
struct MountMetricsTests {
    private static let declarations = MountMetrics.all.map(\.declaration)

    // MARK: Prometheus

    @Test("Prometheus' parser reads every number, also when empty lines follow")
    func parsed() throws {
        let sample = SampleMount()
        let reader = try PrometheusReader(sample.text + String(repeating: "\n", count: 5000))
        #expect(reader.types.values.allSatisfy { ["gauge", "counter", "histogram"].contains($0) })
        let account = "account=\(SampleMount.account)"
        for (name, value) in [
            ("twiliofs_info \(account) version=1.2.3", 1),
            ("twiliofs_mount_timestamp_seconds", 1_700_000_000),
            ("twiliofs_list_state \(account) list=recordings state=syncing", 1),
            ("twiliofs_list_state \(account) list=recordings state=complete", 0),
            ("twiliofs_list_state \(account) list=video-recordings state=failed", 1),
            ("twiliofs_calls_state \(account) state=refused", 1), ("twiliofs_calls_state \(account) state=complete", 0),
            ("twiliofs_calls_state account=\(SampleMount.subaccounts[1]) state=complete", 1),
            ("twiliofs_recordings \(account) list=recordings", 120_000),
            ("twiliofs_recordings account=\(SampleMount.subaccounts[0]) list=recordings", 55),
            ("twiliofs_resources \(account) list=recordings status=processing", 3),
            ("twiliofs_list_items_per_second \(account) list=recordings", 1200.5),
            ("twiliofs_list_remaining_seconds \(account) list=recordings", 500),
            ("twiliofs_list_refresh_timestamp_seconds \(account) list=recordings", 1_700_000_060),
            ("twiliofs_http_requests_total host=api.twilio.com status=429", 5),
            ("twiliofs_http_received_bytes_total", 999_999_999_999),
            ("twiliofs_http_requests_waiting priority=read_ahead", 18),
            ("twiliofs_host_breaker_state host=api.twilio.com state=open", 1),
            ("twiliofs_host_breaker_state host=api.twilio.com state=closed", 0),
            ("twiliofs_host_next_attempt_seconds host=api.twilio.com", 3.5),
            ("twiliofs_host_failures host=api.twilio.com", 14),
            ("twiliofs_host_paused_seconds host=video.twilio.com", 12),
            ("twiliofs_limiter_paused_seconds", 2.5), ("twiliofs_probes_total result=learnt", 60),
            ("twiliofs_unreadable_recordings requirement=bucket", 304),
            ("twiliofs_integrity_recordings integrity=failed", 2), ("twiliofs_verdicts_total verdict=doubted", 22),
            ("twiliofs_media_errors_total kind=key_not_held", 700), ("twiliofs_system_errors_total errno=EIO", 303),
            ("twiliofs_served_bytes_total", Double(4 << 30)), ("twiliofs_memory_used_bytes", Double(12 << 20)),
            ("twiliofs_subaccount_video_available account=\(SampleMount.subaccounts[1])", 1),
            ("twiliofs_subaccount_video_available account=\(SampleMount.subaccounts[0])", 0),
            ("twiliofs_fuse_request_duration_seconds_bucket le=3e-05 operation=read", 0),
            ("twiliofs_fuse_request_duration_seconds_bucket le=0.0001 operation=read", 1),
            ("twiliofs_fuse_request_duration_seconds_count operation=read", 1),
            ("twiliofs_http_first_byte_seconds_sum host=api.twilio.com", 0.05),
            ("twiliofs_fetch_duration_seconds_bucket le=0.3", 1), ("twiliofs_fetch_size_bytes_sum", Double(1 << 20)),
        ] as [(String, Double)] {
            #expect(reader.samples[name] == value, "\(name)")
        }
    }

    @Test("Each metric that is declared is in the text, once, and no other is")
    func complete() {
        let names = SampleMount().text.matches(of: #/# TYPE twiliofs_([a-z_]+) /#).map { String($0.1) }
        #expect(names == Self.declarations.compactMap(\.name))
        #expect(Set(names).count == names.count)
    }

    @Test("Names and their order stay: a dashboard has the names, and a person knows the order")
    func order() {
        #expect(
            Self.declarations.compactMap(\.name) == [
                "info", "mount_timestamp_seconds", "key_process_state", "list_state", "recordings", "resources",
                "sized_recordings",
                "known_size_bytes", "list_pages", "list_items", "list_items_per_second", "list_remaining_seconds",
                "list_refresh_timestamp_seconds", "list_full_pass_timestamp_seconds", "calls_state",
                "subaccount_video_available",
                "integrity_recordings", "verdicts_total", "unreadable_recordings", "http_requests_total",
                "http_received_bytes_total", "http_retries_total", "http_requests_running", "http_requests_waiting",
                "host_breaker_state", "host_failures", "host_next_attempt_seconds", "host_paused_seconds",
                "limiter_limit", "limiter_maximum", "limiter_running", "limiter_paused_seconds", "probes_outstanding",
                "probes_total", "fetched_bytes_total", "disk_cache_read_bytes_total", "served_bytes_total",
                "open_files", "waiting_reads", "waiting_requests", "memory_granted_bytes", "memory_used_bytes",
                "media_errors_total", "system_errors_total", "fuse_request_duration_seconds",
                "http_first_byte_seconds", "fetch_duration_seconds", "fetch_size_bytes",
            ])
    }

    @Test("Samples have the labels of their rows in order, lists come by account, the rest by label")
    func lines() {
        var sample = SampleMount()
        sample.snapshot.unreadable.insert(
            UnreadableRecordings(
                requirement: .unnamedKey, kinds: [.videoRecording], isHeldForOthers: false, count: 4, isWhole: true,
                isHidden: false), at: 0)
        func lines(_ name: String) -> [String] {
            sample.text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("twiliofs_\(name){") }
        }
        let account = "account=\"\(SampleMount.account)\""
        #expect(
            lines("resources").prefix(3) == [
                "twiliofs_resources{\(account),list=\"compositions\",status=\"completed\"} 7",
                "twiliofs_resources{\(account),list=\"recordings\",status=\"completed\"} 120000",
                "twiliofs_resources{\(account),list=\"recordings\",status=\"processing\"} 3",
            ])
        #expect(
            lines("list_state").prefix(2) == [
                "twiliofs_list_state{\(account),list=\"compositions\",state=\"waiting\"} 0",
                "twiliofs_list_state{\(account),list=\"compositions\",state=\"syncing\"} 0",
            ])
        #expect(
            lines("verdicts_total") == [
                "twiliofs_verdicts_total{verdict=\"doubted\"} 22", "twiliofs_verdicts_total{verdict=\"failed\"} 11",
                "twiliofs_verdicts_total{verdict=\"verified\"} 40",
            ])
        #expect(
            lines("unreadable_recordings") == [
                "twiliofs_unreadable_recordings{requirement=\"bucket\"} 304",
                "twiliofs_unreadable_recordings{requirement=\"unnamed_key\"} 4",
            ])
    }

    @Test("Names are as Prometheus' conventions ask: _total for what grows and nothing else, and the base unit")
    func names() {
        for declaration in Self.declarations {
            guard let name = declaration.name else { continue }
            #expect(name.hasSuffix("_total") == (declaration.kind == .counter), "\(name)")
            #expect(!name.contains("milli") && !name.contains("kilo"))
            if declaration.unit == "bytes" { #expect(name.contains("bytes"), "\(name)") }
            if declaration.unit == "time" { #expect(name.hasSuffix("_timestamp_seconds"), "\(name)") }
            if declaration.unit == "seconds" { #expect(name.hasSuffix("_seconds"), "\(name)") }
            #expect(declaration.help.hasSuffix("."), "\(name)")
        }
    }

    @Test("What several accounts lack is counted together, and its name is escaped")
    func unreadable() throws {
        var sample = SampleMount()
        sample.snapshot.unreadable += sample.snapshot.unreadable
        let samples = try PrometheusReader(sample.text).samples
        #expect(samples["twiliofs_unreadable_recordings requirement=bucket"] == 608)
        #expect((try sample.object["unreadable"] as? [Any])?.count == 2, "status.json has each")
    }

    @Test("What isn't known is left out")
    func unknown() throws {
        var sample = SampleMount()
        sample.snapshot.lists = [
            MountSnapshot.List(
                account: SampleMount.account, isSubaccount: false, name: "recordings",
                status: ListStatus(state: .waiting), tallies: [])
        ]
        sample.snapshot.calls = []
        sample.snapshot.subaccounts = []
        sample.snapshot.transfer.hosts = []
        let text = MountMetrics.registry().report(of: sample.snapshot).prometheusText(prefix: MountMetrics.prefix)
        let types = try PrometheusReader(text).types
        for name in [
            "list_pages", "list_remaining_seconds", "resources", "http_requests", "media_errors",
            "subaccount_video_available", "host_failures", "calls_state",
        ] {
            #expect(types["twiliofs_\(name)"] == nil, "\(name)")
        }
        #expect(types["twiliofs_recordings"] == "gauge")
    }

    // MARK: status.json

    /// The values in a JSON value with their paths; `accounts[].` is left out where the account has the same below it.
    private static func values(in value: Any, _ path: String = "") -> [(path: String, value: Any)] {
        switch value {
        case let object as [String: Any]:
            object.flatMap { key, value in
                let name = path.hasPrefix("accounts[]") && ["lists", "calls"].contains(key) ? key : "\(path).\(key)"
                return values(in: value, name.hasPrefix(".") ? String(name.dropFirst()) : name)
            }
        case let array as [Any]: array.flatMap { values(in: $0, path + "[]") }
        default: [(path, value)]
        }
    }

    /// Whether a path is one that is declared: capital letters stand for any name.
    private static func matches(_ path: String, _ declared: String) -> Bool {
        let (names, pattern) = (path.split(separator: "."), declared.split(separator: "."))
        return names.count == pattern.count
            && zip(names, pattern).allSatisfy { $0 == $1 || $1.allSatisfy(\.isUppercase) }
    }

    @Test("Each field of status.json is declared, once, and each that is declared is there")
    func fields() throws {
        let declared = Self.declarations.compactMap { $0.field?.description }
        #expect(Set(declared).count == declared.count)
        let paths = try Set(Self.values(in: SampleMount().object).map(\.path))
        for path in paths where !declared.contains(path) {
            #expect(declared.filter { Self.matches(path, $0) }.count == 1, "\(path)")
        }
        for field in declared { #expect(paths.contains { Self.matches($0, field) }, "\(field)") }
    }

    @Test("Each number of status.json is its metric's too, and no two fields have the same")
    func everyNumber() throws {
        let sample = SampleMount()
        let numbers = try Self.values(in: sample.object).filter { !$0.path.hasSuffix("is_hidden") }
            .compactMap { path, value in (value as? NSNumber).map { (path: path, value: $0.doubleValue) } }
        #expect(numbers.count > 50)
        func metric(of path: String) -> String? {
            let exact = Self.declarations.first { $0.field?.description == path }
            let declaration =
                exact ?? Self.declarations.first { $0.field.map { Self.matches(path, $0.description) } ?? false }
            return declaration?.name
        }
        let samples = try PrometheusReader(sample.text).samples
        for (name, told) in Dictionary(grouping: numbers, by: { metric(of: $0.path) }) {
            // The number of the schema is no metric.
            guard let name else { continue }
            let values = samples.filter { $0.key.split(separator: " ").first == "twiliofs_\(name)" }.values
            #expect(told.map(\.value).sorted() == values.sorted(), "\(name)")
        }
        // A list's recordings are its completed resources.
        let distinct = numbers.filter { $0.value != 0 && !$0.path.hasSuffix("resources.completed") }
        let groups = Dictionary(grouping: distinct, by: \.value).values.filter { $0.count > 1 }
        #expect(groups.map { $0.map(\.path) } == [])
    }

    // MARK: The document

    /// The rows of the document's tables whose first heading is this, as cells.
    private static func rows(under heading: String) throws -> [[String]] {
        let document = BuiltPrograms.package.appending(path: "doc/STATUS.md")
        var rows: [[String]] = []
        var isInTable = false
        for line in try String(contentsOf: document, encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false)
        {
            guard line.hasPrefix("|") else {
                isInTable = false
                continue
            }
            let cells = line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            if isInTable, !line.hasPrefix("|--") { rows.append(cells) }
            if cells.first == heading { isInTable = true }
        }
        return rows
    }

    /// A row of the document.
    private static func row(_ declaration: MetricDeclaration) -> [String] {
        var labels = declaration.labels
        if case .state = declaration.kind { labels.append("state") }
        let name = declaration.name.map { $0 + (labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}") }
        let cells = [declaration.field?.description, name].map { $0.map { "`\($0)`" } ?? "" }
        return cells + [declaration.unit, declaration.help]
    }

    @Test("Each declaration has a row in doc/STATUS.md, and nothing else has")
    func documentation() throws {
        let rows = try Self.rows(under: "field")
        let expected = Self.declarations.map(Self.row)
        for row in expected where !rows.contains(row) {
            Issue.record("missing: | \(row.joined(separator: " | ")) |")
        }
        for row in rows where !expected.contains(row) {
            Issue.record("not declared: | \(row.joined(separator: " | ")) |")
        }
        #expect(rows.count == expected.count)
    }

    @Test("Each word of a state, an integrity, a verdict, a priority and an error is explained in doc/STATUS.md")
    func words() throws {
        func words(_ heading: String) throws -> [String] {
            try Self.rows(under: heading).map { $0[0].trimmingCharacters(in: ["`"]) }
        }
        #expect(try words("state of a list") == ListStatus.State.words)
        #expect(try words("state of the key process") == KeyProcessState.allCases.map(\.rawValue))
        #expect(
            try words("state of a breaker") == TransferClient.Statistics.Host.Breaker.allCases.map(\.rawValue))
        #expect(try words("integrity") == StoredIntegrity.allCases.map(\.rawValue))
        #expect(try words("verdict") == MediaMetrics.Verdict.allCases.map(\.rawValue))
        #expect(try words("kind") == MediaError.Code.allCases.map(\.rawValue))
        let waiting = try (SampleMount().object["transfers"] as? [String: Any])?["waiting"] as? [String: Any]
        #expect(try Set(words("priority")) == Set(waiting?.keys.map { $0 } ?? []))
    }
}
