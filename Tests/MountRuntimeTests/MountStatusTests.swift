import Foundation
import Media
import Monitoring
import Support
import TestSupport
import Testing
import TwilioAPI

@testable import Catalog
@testable import MountRuntime
@testable import Readability
@testable import Sync
@testable import Transfer

@Suite("A mount's status as JSON", .orderly)
struct MountStatusTests {
    /// The fields that `twiliofs status` doesn't show, and so doesn't read.
    private static let unread: Set = [
        "verdicts", "received_bytes", "resources", "last_refresh", "last_full_pass", "requirement",
        "is_hidden", "unreadable.recordings",
    ]

    /// A JSON value without those fields.
    private static func read(of value: Any, _ name: String = "") -> Any {
        switch value {
        case let object as [String: Any]:
            object.filter { !unread.contains($0.key) && !unread.contains("\(name).\($0.key)") }
                .reduce(into: [String: Any]()) { $0[$1.key] = read(of: $1.value, $1.key) }
        case let array as [Any]: array.map { read(of: $0, name) }
        default: value
        }
    }

    @Test("Each field that is written and shown is read, and no other")
    func allFields() throws {
        let sample = SampleMount()
        let status = try MountStatus(json: sample.json + Data(repeating: UInt8(ascii: " "), count: 9))
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.dateEncodingStrategy = .iso8601
        func sorted(_ value: Any) throws -> String {
            try String(decoding: JSONSerialization.data(withJSONObject: value, options: .sortedKeys), as: UTF8.self)
        }
        let written = try sorted(Self.read(of: sample.object))
        #expect(try sorted(JSONSerialization.jsonObject(with: encoder.encode(status))) == written)
    }

    @Test("Each field has the value that the parts have told, and times are ISO 8601 in UTC")
    func values() throws {
        let sample = SampleMount()
        let (status, object) = try (MountStatus(json: sample.json), sample.object)
        #expect(status.schema == 1 && status.version == "1.2.3" && status.account == SampleMount.account)
        #expect(status.mounted == Date(timeIntervalSince1970: 1_700_000_000))
        #expect(status.time == Date(timeIntervalSince1970: 1_700_003_725))
        let list = try #require(status.lists["recordings"])
        #expect(list.state == "syncing" && list.recordings == 120_000 && list.sized == 119_000)
        #expect(list.knownBytes == 5 << 30)
        #expect(list.pages == 400 && list.items == 400_000 && list.itemsPerSecond == 1200.5 && list.secondsLeft == 500)
        let unread = try #require((object["lists"] as? [String: [String: Any]])?["recordings"])
        #expect(unread["resources"] as? [String: Int] == ["completed": 120_000, "processing": 3])
        #expect(unread["last_refresh"] as? String == "2023-11-14T22:14:20Z")
        #expect(unread["last_full_pass"] as? String == "2023-11-14T22:13:21Z")
        #expect(status.lists["video-recordings"]?.error == "the list is \"broken\" \\ on\ntwo lines")
        #expect(status.calls == .init(state: "refused", error: "the key doesn't reach them"))
        #expect(status.accounts.map(\.calls) == [nil, .init(state: "complete")])
        #expect(status.accounts.map(\.sid) == SampleMount.subaccounts)
        #expect(status.accounts.map(\.video) == ["no credentials were given for it", "available"])
        #expect(status.accounts.map(\.name) == ["Support", "Sales"])
        #expect(status.accounts[0].lists["recordings"]?.error == "late")
        #expect(status.accounts[1].lists["recordings"]?.recordings == 1049)
        #expect(status.integrity == ["verified": 100, "unverified": 20, "failed": 2, "none": 15])
        let unreadable = try #require(object["unreadable"] as? [[String: Any]])
        #expect(unreadable.map { $0["requirement"] as? String } == ["bucket"])
        #expect(unreadable[0]["is_hidden"] as? Bool == true && unreadable[0]["recordings"] as? Int == 304)
        #expect(status.unreadable?.map(\.sentence) == sample.snapshot.unreadable.map(\.sentence))
        #expect(object["verdicts"] as? [String: Int] == ["verified": 40, "doubted": 22, "failed": 11])
        #expect(status.probes == .init(outstanding: 33, learnt: 60, failed: 44))
        #expect(
            status.requests == [
                .init(host: "api.twilio.com", status: "200", count: 1234),
                .init(host: "api.twilio.com", status: "429", count: 5),
                .init(host: "video.twilio.com", status: "302", count: 9),
            ])
        #expect(status.transfers.waiting == .init(reader: 17, readAhead: 18, background: 19))
        #expect(status.transfers.running == 404 && status.transfers.retries == 66)
        #expect((object["transfers"] as? [String: Any])?["received_bytes"] as? Int == 999_999_999_999)
        #expect(
            status.hosts == [
                .init(
                    host: "api.twilio.com", state: "open", failures: 14, error: "Connection refused",
                    nextAttemptSeconds: 3.5, pausedSeconds: 0),
                .init(
                    host: "video.twilio.com", state: "closed", failures: 0, error: nil, nextAttemptSeconds: 0,
                    pausedSeconds: 12),
            ])
        #expect(status.limiter == .init(limit: 16, maximum: 32, running: 13, pausedSeconds: 2.5))
        #expect(status.bytes == .init(fetched: 1 << 30, fromDiskCache: 3 << 30, served: 4 << 30))
        #expect(status.openFiles == 202 && status.waitingReads == 101 && status.waitingRequests == 808)
        #expect(status.errors.system == ["EIO": 303, "ENOENT": 70])
        #expect(status.errors.media.count == MediaError.Code.allCases.count)
        #expect(status.memory == .init(granted: 256 << 20, used: 12 << 20))
    }

    @Test("What there is none of is an empty object or array, but hosts are left out")
    func empty() throws {
        var sample = SampleMount()
        sample.snapshot.subaccounts = []
        sample.snapshot.lists.removeAll { $0.labels["subaccount"] != nil }
        sample.snapshot.calls = []
        sample.snapshot.unreadable = []
        sample.snapshot.transfer.hosts = []
        let json = try MountMetrics.registry().report(of: sample.snapshot).json
        let object = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
        for name in ["accounts", "unreadable", "requests"] { #expect((object[name] as? [Any])?.count == 0, "\(name)") }
        #expect((object["errors"] as? [String: [String: Int]]) == ["media": [:], "system": [:]])
        #expect(object["hosts"] == nil && object["calls"] == nil)
        let lists = try #require(object["lists"] as? [String: [String: Any]])
        #expect((lists["video-recordings"]?["resources"] as? [String: Int]) == [:])
    }

    @Test("Sums beyond the largest number are the largest number, in both formats")
    func hugeSums() throws {
        let huge = Tally(
            kind: .composition, status: .completed, integrity: .none, count: .max, sizedCount: .max, knownBytes: .max)
        var sample = SampleMount()
        sample.snapshot.calls = []
        sample.snapshot.subaccounts = []
        sample.snapshot.lists = [
            MountSnapshot.List(
                account: SampleMount.account, isSubaccount: false, name: "compositions",
                status: ListStatus(state: .complete), tallies: [huge, huge])
        ]
        sample.snapshot.unreadable = (0..<2).map { _ in
            UnreadableRecordings(
                requirement: .bucket, kinds: [.composition], isHeldForOthers: false, count: .max, isWhole: true,
                isHidden: false)
        }
        let lists = try #require(sample.object["lists"] as? [String: [String: Any]])
        for field in ["recordings", "sized", "known_bytes"] {
            #expect(lists["compositions"]?[field] as? Int == .max, "\(field)")
        }
        #expect(lists["compositions"]?["resources"] as? [String: Int] == ["completed": .max])
        #expect(try MountStatus(json: sample.json).lists["compositions"]?.knownBytes == .max)
        let labels = "account=\"\(SampleMount.account)\",list=\"compositions\""
        for metric in [
            "recordings{\(labels)}", "sized_recordings{\(labels)}", "known_size_bytes{\(labels)}",
            "resources{\(labels),status=\"completed\"}", "unreadable_recordings{requirement=\"bucket\"}",
        ] {
            #expect(sample.text.contains("\ntwiliofs_\(metric) \(Int64.max)\n"), "\(metric)")
        }
    }

    @Test("A later version may add fields and states")
    func additions() throws {
        let text = try String(decoding: SampleMount().json, as: UTF8.self)
        let later = text.replacing("\"syncing\"", with: "\"dreaming\"")
            .replacing("\"open_files\"", with: "\"something_new\": {\"a\": [1]}, \"open_files\"")
        #expect(later != text)
        let status = try MountStatus(json: Data(later.utf8))
        #expect(status.lists["recordings"]?.state == "dreaming")
    }

    @Test("What isn't known is left out")
    func absent() throws {
        let object = try SampleMount().object
        let lists = try #require(object["lists"] as? [String: [String: Any]])
        #expect(lists["compositions"]?.keys.sorted() == ["known_bytes", "recordings", "resources", "sized", "state"])
        #expect(object["schema"] as? Int == 1)
    }

    @Test(
        "One recording that is left out is told of as one",
        arguments: [(1, "leaves it out"), (2, "leaves them out")] as [(Int64, String)])
    func leftOut(count: Int64, words: String) {
        let unreadable = UnreadableRecordings(
            requirement: .bucket, kinds: [.videoRecording], isHeldForOthers: false, count: count, isWhole: true,
            isHidden: true)
        #expect(unreadable.sentence.hasSuffix(words))
    }
}
