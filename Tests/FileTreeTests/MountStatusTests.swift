import Foundation
import Media
import TestSupport
import Testing
import TwilioAPI
import Support

@testable import FileTree
@testable import Readability

extension MountStatus {
    /// A status in which everything is known, so that each field there is appears.
    static var complete: MountStatus {
        var syncing = List(state: .syncing, recordings: 120_000, knownBytes: 5 << 30)
        syncing.resources = ["completed": 120_000, "processing": 3]
        syncing.sized = 119_000
        syncing.pages = 400
        syncing.items = 400_000
        syncing.itemsPerSecond = 1200.5
        syncing.secondsLeft = 500
        syncing.lastRefresh = Date(timeIntervalSince1970: 1_700_000_060)
        syncing.lastFullPass = Date(timeIntervalSince1970: 1_700_000_000)
        let failed = List(
            state: .failed, error: "the list is \"broken\" \\ on\ntwo lines", recordings: 0, knownBytes: 0)
        return MountStatus(
            version: "1.2.3", time: Date(timeIntervalSince1970: 1_700_003_725),
            mounted: Date(timeIntervalSince1970: 1_700_000_000), account: "AC0123456789abcdef0123456789abcdef",
            lists: [
                "recordings": syncing, "video-recordings": failed,
                "compositions": List(state: .complete, recordings: 7, knownBytes: 1234),
            ],
            accounts: [
                Subaccount(
                    sid: "AC11111111111111111111111111111111", name: "Support",
                    lists: ["recordings": List(state: .stale, error: "late", recordings: 5, knownBytes: 10)],
                    video: "no credentials were given for it"),
                Subaccount(
                    sid: "AC22222222222222222222222222222222", name: "Sales", lists: ["recordings": syncing],
                    video: "available"),
            ],
            integrity: ["verified": 100, "unverified": 20, "failed": 2, "none": 5],
            unreadable: [
                Unreadable(
                    UnreadableRecordings(
                        requirement: .bucket, kinds: [.videoRecording], isHeldForOthers: false, count: 3, isWhole: true,
                        isHidden: true))
            ],
            verdicts: Verdicts(verified: 40, doubted: 2, failed: 1),
            probes: Probes(outstanding: 3, learnt: 60, failed: 4),
            requests: [
                RequestCount(host: "api.twilio.com", status: "200", count: 1234),
                RequestCount(host: "api.twilio.com", status: "429", count: 5),
                RequestCount(host: "video.twilio.com", status: "302", count: 9),
            ],
            transfers: Transfers(
                running: 4, waiting: Waiting(reader: 1, readAhead: 2, background: 3), retries: 6,
                receivedBytes: 999_999_999_999),
            hosts: [
                Host(
                    host: "api.twilio.com", state: "open", failures: 4, error: "Connection refused",
                    nextAttemptSeconds: 3.5, pausedSeconds: 0),
                Host(
                    host: "video.twilio.com", state: "closed", failures: 0, error: nil, nextAttemptSeconds: 0,
                    pausedSeconds: 12),
            ],
            limiter: Limiter(limit: 16, maximum: 32, running: 3, pausedSeconds: 2.5),
            bytes: Bytes(fetched: 1 << 30, fromDiskCache: 3 << 30, served: 4 << 30), openFiles: 2, waitingReads: 1,
            waitingRequests: 8,
            errors: Errors(
                media: Dictionary(uniqueKeysWithValues: MediaError.Code.allCases.map { ($0.rawValue, 2) }),
                system: ["EIO": 3, "ENOENT": 70]),
            memory: Memory(granted: 256 << 20, used: 12 << 20))
    }
}

@Suite("A mount's status as JSON", .orderly)
struct MountStatusTests {
    @Test("What was written is read again")
    func roundTrip() throws {
        let status = MountStatus.complete
        #expect(try MountStatus(json: status.json + Data(repeating: UInt8(ascii: " "), count: 9)) == status)
    }

    @Test("A later version may add fields and states")
    func additions() throws {
        let text = try String(decoding: MountStatus.complete.json, as: UTF8.self)
        let later = text.replacing("\"syncing\"", with: "\"dreaming\"")
            .replacing("\"open_files\"", with: "\"something_new\": {\"a\": [1]}, \"open_files\"")
        #expect(later != text)
        let status = try MountStatus(json: Data(later.utf8))
        #expect(status.lists["recordings"]?.state == MountStatus.List.State(rawValue: "dreaming"))
    }

    @Test("What isn't known is left out, and times are ISO 8601 in UTC")
    func absent() throws {
        let object = try #require(
            JSONSerialization.jsonObject(with: MountStatus.complete.json) as? [String: Any])
        let lists = try #require(object["lists"] as? [String: [String: Any]])
        #expect(lists["compositions"]?.keys.sorted() == ["known_bytes", "recordings", "state"])
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

    /// The tables of the document: the fields by the heading they stand under.
    private static func documented() throws -> [String: Set<String>] {
        let document = URL(filePath: #filePath).appending(path: "../../../doc/STATUS.md").standardized
        var fields: [String: Set<String>] = [:]
        var heading = ""
        for line in try String(contentsOf: document, encoding: .utf8).split(separator: "\n") {
            if line.hasPrefix("## ") {
                heading = String(line.dropFirst(3))
            } else if let name = line.firstMatch(of: #/^\| `([^`]+)` \|/#)?.1 {
                #expect(fields[heading, default: []].insert(String(name)).inserted, "\(name) is documented twice")
            }
        }
        return fields
    }

    /// The names of all fields of an object, those within objects behind a dot.
    private static func fields(of object: Any?, except opaque: Set<String> = []) -> Set<String> {
        guard let object = object as? [String: Any] else { return [] }
        return object.reduce(into: []) { names, entry in
            names.insert(entry.key)
            guard !opaque.contains(entry.key) else { return }
            names.formUnion(fields(of: entry.value).map { "\(entry.key).\($0)" })
        }
    }

    @Test("The document has every field that there is, and no other")
    func documentation() throws {
        let documented = try Self.documented()
        let object = try #require(
            JSONSerialization.jsonObject(with: MountStatus.complete.json) as? [String: Any])
        let top = Self.fields(of: object, except: ["lists", "integrity"]).filter {
            !$0.hasPrefix("errors.media.") && !$0.hasPrefix("errors.system.")
        }
        #expect(top == documented["The object"])
        let accounts = try #require(object["accounts"] as? [[String: Any]])
        let lists = ([object] + accounts).compactMap { $0["lists"] as? [String: Any] }.flatMap(\.values)
        #expect(
            lists.reduce(into: Set()) { $0.formUnion(Self.fields(of: $1, except: ["resources"])) }
                == documented["A list"])
        #expect(Set(accounts.flatMap(\.keys)) == documented["A subaccount"])
        let requests = try #require(object["requests"] as? [[String: Any]])
        #expect(Set(requests.flatMap(\.keys)) == documented["A count of requests"])
        let hosts = try #require(object["hosts"] as? [[String: Any]])
        #expect(Set(hosts.flatMap(\.keys)) == documented["A host"])
        let unreadable = try #require(object["unreadable"] as? [[String: Any]])
        #expect(Set(unreadable.flatMap(\.keys)) == documented["Unreadable recordings"])
        #expect(Self.fields(of: object["integrity"]) == documented["Integrity"])
        #expect(Self.fields(of: (object["errors"] as? [String: Any])?["media"]) == documented["Errors"])
        #expect(documented.count == 8)
    }
}
