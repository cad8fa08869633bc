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
    @Test("Each field that is written is read, and no other")
    func allFields() throws {
        let sample = SampleMount()
        let status = try MountStatus(json: sample.json + Data(repeating: UInt8(ascii: " "), count: 9))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.dateEncodingStrategy = .iso8601
        #expect(try encoder.encode(status) == sample.json)
    }

    @Test("Each field has the value that the parts have told")
    func values() throws {
        let status = try MountStatus(json: SampleMount().json)
        #expect(status.schema == 1 && status.version == "1.2.3" && status.account == SampleMount.account)
        #expect(status.mounted == Date(timeIntervalSince1970: 1_700_000_000))
        #expect(status.time == Date(timeIntervalSince1970: 1_700_003_725))
        let list = try #require(status.lists["recordings"])
        #expect(list.state == .syncing && list.recordings == 120_000 && list.sized == 119_000)
        #expect(list.resources == ["completed": 120_000, "processing": 3] && list.knownBytes == 5 << 30)
        #expect(list.pages == 400 && list.items == 400_000 && list.itemsPerSecond == 1200.5 && list.secondsLeft == 500)
        #expect(list.lastRefresh == Date(timeIntervalSince1970: 1_700_000_060))
        #expect(list.lastFullPass == Date(timeIntervalSince1970: 1_700_000_001))
        #expect(status.lists["video-recordings"]?.error == "the list is \"broken\" \\ on\ntwo lines")
        #expect(status.accounts.map(\.sid) == SampleMount.subaccounts)
        #expect(status.accounts.map(\.video) == ["no credentials were given for it", "available"])
        #expect(status.accounts.map(\.name) == ["Support", "Sales"])
        #expect(status.accounts[0].lists["recordings"]?.error == "late")
        #expect(status.accounts[1].lists["recordings"]?.recordings == 1049)
        #expect(status.integrity == ["verified": 100, "unverified": 20, "failed": 2, "none": 15])
        #expect(status.unreadable?.map(\.requirement) == ["bucket"] && status.unreadable?.first?.isHidden == true)
        #expect(status.unreadable?.first?.recordings == 303)
        #expect(status.verdicts == .init(verified: 40, doubted: 22, failed: 11))
        #expect(status.probes == .init(outstanding: 33, learnt: 60, failed: 44))
        #expect(
            status.requests == [
                .init(host: "api.twilio.com", status: "200", count: 1234),
                .init(host: "api.twilio.com", status: "429", count: 5),
                .init(host: "video.twilio.com", status: "302", count: 9),
            ])
        #expect(status.transfers.waiting == .init(reader: 17, readAhead: 18, background: 19))
        #expect(status.transfers.running == 404 && status.transfers.retries == 66)
        #expect(status.transfers.receivedBytes == 999_999_999_999)
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
        sample.snapshot.unreadable = []
        sample.snapshot.transfer.hosts = []
        let json = try MountMetrics.registry().report(of: sample.snapshot).json
        let object = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
        for name in ["accounts", "unreadable", "requests"] { #expect((object[name] as? [Any])?.count == 0, "\(name)") }
        #expect((object["errors"] as? [String: [String: Int]]) == ["media": [:], "system": [:]])
        #expect(object["hosts"] == nil)
        let lists = try #require(object["lists"] as? [String: [String: Any]])
        #expect((lists["video-recordings"]?["resources"] as? [String: Int]) == [:])
    }

    @Test("Sums beyond the largest number are the largest number")
    func hugeSums() {
        let huge = Tally(
            kind: .composition, status: .completed, integrity: .none, count: .max, sizedCount: .max, knownBytes: .max)
        let list = MountSnapshot.List(
            account: SampleMount.account, isSubaccount: false, name: "compositions",
            status: ListStatus(state: .complete), tallies: [huge, huge])
        #expect(
            [list.completed, list.sized, list.knownBytes, list.resources["completed"]] == [.max, .max, .max, .max])
    }

    @Test("A later version may add fields and states")
    func additions() throws {
        let text = try String(decoding: SampleMount().json, as: UTF8.self)
        let later = text.replacing("\"syncing\"", with: "\"dreaming\"")
            .replacing("\"open_files\"", with: "\"something_new\": {\"a\": [1]}, \"open_files\"")
        #expect(later != text)
        let status = try MountStatus(json: Data(later.utf8))
        #expect(status.lists["recordings"]?.state == MountStatus.List.State(rawValue: "dreaming"))
    }

    @Test("What isn't known is left out, and times are ISO 8601 in UTC")
    func absent() throws {
        let object = try SampleMount().object
        let lists = try #require(object["lists"] as? [String: [String: Any]])
        #expect(lists["compositions"]?.keys.sorted() == ["known_bytes", "recordings", "resources", "sized", "state"])
        #expect(lists["recordings"]?["last_refresh"] as? String == "2023-11-14T22:14:20Z")
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
