import Foundation
import TestSupport
import Testing

@testable import FileTree

@Suite("A mount's status as Prometheus reads it", .orderly)
struct MetricsTextTests {
    /// Has Prometheus' own Python library read a text.
    ///
    /// - Returns: the type of each metric by its name, and the value of each sample by its name and its labels.
    private static func parse(_ text: String) throws -> (types: [String: String], samples: [String: Double]) {
        struct Answer: Decodable {
            let types: [String: String]
            let samples: [String: Double]
        }
        let answer: Answer = try Python.value("metrics_text", usesPackages: true, input: Data(text.utf8))
        return (answer.types, answer.samples)
    }

    @Test("Prometheus' parser reads every number, also when empty lines follow")
    func parsed() throws {
        let status = MountStatus.complete
        let (types, samples) = try Self.parse(MetricsText(status).text + String(repeating: "\n", count: 5000))
        #expect(types.values.allSatisfy { $0 == "gauge" || $0 == "counter" })
        let account = "account=\(status.account)"
        for (name, value) in [
            ("twiliofs_info account=\(status.account) version=1.2.3", 1),
            ("twiliofs_mount_timestamp_seconds", 1_700_000_000),
            ("twiliofs_list_state \(account) list=recordings state=syncing", 1),
            ("twiliofs_list_state \(account) list=recordings state=complete", 0),
            ("twiliofs_list_state \(account) list=video-recordings state=failed", 1),
            ("twiliofs_recordings \(account) list=recordings", 120_000),
            ("twiliofs_recordings account=AC11111111111111111111111111111111 list=recordings", 5),
            ("twiliofs_resources \(account) list=recordings status=processing", 3),
            ("twiliofs_list_items_per_second \(account) list=recordings", 1200.5),
            ("twiliofs_list_refresh_timestamp_seconds \(account) list=recordings", 1_700_000_060),
            ("twiliofs_http_requests_total host=api.twilio.com status=429", 5),
            ("twiliofs_http_received_bytes_total", 999_999_999_999),
            ("twiliofs_http_requests_waiting priority=read_ahead", 2),
            ("twiliofs_host_breaker_state host=api.twilio.com state=open", 1),
            ("twiliofs_host_breaker_state host=api.twilio.com state=closed", 0),
            ("twiliofs_host_next_attempt_seconds host=api.twilio.com", 3.5),
            ("twiliofs_host_failures host=api.twilio.com", 4),
            ("twiliofs_host_paused_seconds host=video.twilio.com", 12),
            ("twiliofs_limiter_paused_seconds", 2.5), ("twiliofs_probes_total result=learnt", 60),
            ("twiliofs_unreadable_recordings requirement=bucket", 3),
            ("twiliofs_integrity_recordings integrity=failed", 2), ("twiliofs_verdicts_total verdict=doubted", 2),
            ("twiliofs_media_errors_total kind=key_not_held", 2), ("twiliofs_system_errors_total errno=EIO", 3),
            ("twiliofs_served_bytes_total", Double(4 << 30)), ("twiliofs_memory_used_bytes", Double(12 << 20)),
            ("twiliofs_subaccount_video_available account=AC22222222222222222222222222222222", 1),
            ("twiliofs_subaccount_video_available account=AC11111111111111111111111111111111", 0),
        ] as [(String, Double)] {
            #expect(samples[name] == value, "\(name)")
        }
    }

    @Test("Names are as Prometheus' conventions ask: a prefix, _total for what grows and nothing else")
    func names() throws {
        let text = MetricsText(.complete).text
        let types = text.matches(of: #/# TYPE ([a-z_]+) ([a-z]+)\n/#).map { (String($0.1), String($0.2)) }
        #expect(types.count > 25)
        for (name, type) in types {
            #expect(name.hasPrefix("twiliofs_"))
            #expect(name.hasSuffix("_total") == (type == "counter"), "\(name)")
            #expect(!name.contains("milli") && !name.contains("kilo"))
        }
    }

    @Test("Labels are escaped, whatever is in them")
    func escapes() throws {
        var status = MountStatus.complete
        status.requests = [.init(host: "a\"b\\c\nd", status: "\\n", count: 1)]
        let (_, samples) = try Self.parse(MetricsText(status).text)
        #expect(samples["twiliofs_http_requests_total host=a\"b\\c\nd status=\\n"] == 1)
    }

    @Test("What several accounts lack is counted together, and its name is escaped")
    func unreadable() throws {
        var status = MountStatus.complete
        var other = try #require(status.unreadable?.first)
        status.unreadable?.append(other)
        other.requirement = "a\"b\\c\nd"
        status.unreadable?.append(other)
        let (_, samples) = try Self.parse(MetricsText(status).text)
        #expect(samples["twiliofs_unreadable_recordings requirement=bucket"] == 6)
        #expect(samples["twiliofs_unreadable_recordings requirement=a\"b\\c\nd"] == 3)
    }

    /// Gives each number in a JSON value one that no other has, and notes by its path which.
    private static func distinguish(_ value: Any, _ path: String, _ numbers: inout [String: Double]) -> Any {
        switch value {
        case let object as [String: Any]:
            var changed: [String: Any] = [:]
            for (name, member) in object.sorted(by: { $0.key < $1.key }) {
                changed[name] = distinguish(member, path.isEmpty ? name : "\(path).\(name)", &numbers)
            }
            return changed
        case let array as [Any]:
            var changed: [Any] = []
            for (index, element) in array.enumerated() {
                changed.append(distinguish(element, "\(path).\(index)", &numbers))
            }
            return changed
        // The only one that is true or false.
        case is NSNumber where path != "schema" && !path.hasSuffix("is_hidden"):
            let number = 1_000_003 + numbers.count
            numbers[path] = Double(number)
            return number
        default: return value
        }
    }

    @Test("Each number of status.json is a metric too")
    func everyNumber() throws {
        let object = try JSONSerialization.jsonObject(with: MountStatus.complete.json)
        var numbers: [String: Double] = [:]
        let changed = Self.distinguish(object, "", &numbers)
        #expect(numbers.count > 50)
        let status = try MountStatus(json: JSONSerialization.data(withJSONObject: changed))
        let values = try Set(Self.parse(MetricsText(status).text).samples.values)
        #expect(numbers.filter { !values.contains($0.value) }.keys.sorted() == [])
    }

    @Test("What isn't known is left out")
    func unknown() throws {
        var status = MountStatus.complete
        status.lists = ["recordings": MountStatus.List(state: .waiting, recordings: 0, knownBytes: 0)]
        status.accounts = []
        status.requests = []
        status.errors = MountStatus.Errors(media: [:], system: [:])
        let (types, _) = try Self.parse(MetricsText(status).text)
        for name in ["list_pages", "list_remaining_seconds", "resources", "http_requests", "media_errors"] {
            #expect(types["twiliofs_\(name)"] == nil, "\(name)")
        }
        #expect(types["twiliofs_recordings"] == "gauge")
    }
}
