import Foundation
import Support
import TestSupport
import Testing

@testable import MountRuntime
@testable import twiliofs

@Suite("What twiliofs status prints", .orderly)
struct StatusTextTests {
    /// A status as a mount's file has it: written here by hand, so that reading is tested as well.
    private static let json = """
        {
          "schema": 1, "version": "1.2.3", "time": "2026-11-21T10:02:05Z", "mounted": "2026-11-20T07:00:00Z",
          "account": "AC0123456789abcdef0123456789abcdef",
          "lists": {
            "recordings": {
              "state": "syncing", "recordings": 120000, "sized": 119998, "known_bytes": 46278377472, "pages": 400,
              "items": 400000, "items_per_second": 1200, "seconds_left": 500
            },
            "video-recordings": {"state": "complete", "recordings": 7, "known_bytes": 1000},
            "compositions": {"state": "failed", "error": "Twilio can't be reached", "recordings": 0, "known_bytes": 0}
          },
          "accounts": [
            {"sid": "AC1", "name": "Support", "video": "no credentials were given",
             "lists": {"recordings": {"state": "stale", "error": "late", "recordings": 5, "known_bytes": 2048}}}
          ],
          "integrity": {"verified": 1200, "unverified": 30, "failed": 0, "none": 12},
          "verdicts": {"verified": 1, "doubted": 0, "failed": 0},
          "probes": {"outstanding": 12, "learnt": 1200, "failed": 3},
          "requests": [
            {"host": "api.twilio.com", "status": "200", "count": 1230},
            {"host": "api.twilio.com", "status": "429", "count": 4},
            {"host": "video.twilio.com", "status": "200", "count": 9}
          ],
          "transfers": {
            "running": 5, "waiting": {"reader": 1, "read_ahead": 3, "background": 20}, "retries": 2,
            "received_bytes": 5
          },
          "limiter": {"limit": 16, "maximum": 32, "running": 3, "paused_seconds": 4},
          "bytes": {"fetched": 1073741824, "from_disk_cache": 1536, "served": 0},
          "open_files": 3, "waiting_reads": 1, "waiting_requests": 2,
          "errors": {"media": {"key_not_held": 3}, "system": {"EIO": 3, "ENOKEY": 1}},
          "memory": {"granted": 268435456, "used": 12582912}
        }
        """

    private static func text(
        emphasizes: Bool = false, _ change: (inout MountStatus) -> Void = { _ in }
    ) throws -> String {
        var status = try MountStatus(json: Data(json.utf8))
        change(&status)
        return StatusText(status, mountPoint: "/mnt/twilio", emphasizes: emphasizes).text
    }

    /// The sample with every text but times replaced, or every number.
    private static func json(text: String? = nil, number: Any? = nil) throws -> Data {
        func changed(_ value: Any) -> Any {
            switch value {
            case let members as [String: Any]: members.mapValues(changed)
            case let elements as [Any]: elements.map(changed)
            case let old as String: old.hasSuffix("Z") ? old : text ?? old
            default: value is Bool ? value : number ?? value
            }
        }
        var sample = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        let schema = sample["schema"]
        sample["hosts"] = [
            [
                "host": "api.twilio.com", "state": "open", "failures": 3, "error": "refused",
                "next_attempt_seconds": 3.2, "paused_seconds": 4.5,
            ]
        ]
        sample["unreadable"] = [
            ["requirement": "bucket", "recordings": 3, "is_hidden": false, "sentence": "3 recordings can't be read"]
        ]
        sample = try #require(changed(sample) as? [String: Any])
        sample["schema"] = schema
        return try JSONSerialization.data(withJSONObject: sample)
    }

    @Test("Texts of whoever serves the mount can't steer the terminal, whichever they are")
    func hostileTexts() throws {
        let hostile = "x\u{1B}]0;owned\u{7}\r\n\u{9B}2J\u{2028}\u{202E}y"
        let everywhere = try MountStatus(json: Self.json(text: hostile))
        let texts = [
            StatusText(everywhere, mountPoint: "/mnt/twilio", emphasizes: false).text,
            try Self.text { status in
                status.lists[hostile] = MountStatus.List(state: "complete", recordings: 1, knownBytes: 1)
                status.lists["recordings"]?.state = hostile
                status.errors.system[hostile] = 1
                status.errors.media[hostile] = .max
            },
            StatusText(try MountStatus(json: Data(Self.json.utf8)), mountPoint: hostile, emphasizes: false).text,
        ]
        for text in texts {
            let odd = text.unicodeScalars.filter { scalar in
                let category = scalar.properties.generalCategory
                return scalar != "\n"
                    && [.control, .format, .lineSeparator, .paragraphSeparator].contains(category)
            }
            #expect(odd.isEmpty, "\(odd)")
            #expect(text.contains("x\u{FFFD}]0;owned"))
        }
    }

    @Test(
        "No number ends the program",
        arguments: [Int64.max, .min, -1, 0, 1] as [Int64], [1e300, -1e300, 1e18, -7.5, 0] as [Double])
    func extremes(whole: Int64, fraction: Double) throws {
        let status = try MountStatus(json: Self.json(number: whole))
        #expect(StatusText(status, mountPoint: "/mnt", emphasizes: true).text.contains("limiter"))
        let text = try Self.text { status in
            status.lists["recordings"]?.items = whole
            status.lists["recordings"]?.itemsPerSecond = fraction
            for left in [fraction, -fraction, .infinity, .nan] { status.lists["recordings"]?.secondsLeft = left }
            status.limiter.pausedSeconds = fraction
            status.time = Date(timeIntervalSince1970: fraction)
        }
        #expect(text.contains("limiter"))
    }

    @Test("Everything is printed in columns that line up")
    func everything() throws {
        let expected = """
            account          AC0123456789abcdef0123456789abcdef
            mounted          on /mnt/twilio, 1 d 3 h ago
            version          1.2.3

            list              state     recordings  sizes known     bytes
            compositions      failed             0            -       0 B
              ! Twilio can't be reached
            recordings        syncing      120,000      119,998  43.1 GiB
              [############------------------] 40%, 400,000 listed, 400 pages, 1,200/s, 8 min 20 s left
            video-recordings  complete           7            -    1000 B

            subaccount       AC1 Support
              ! no video: no credentials were given
            list        state  recordings  sizes known  bytes
            recordings  stale           5            -  2 KiB
              ! late

            host              requests  answers
            api.twilio.com       1,234  200: 1,230, 429: 4
            video.twilio.com         9  200: 9

            limiter          3 of 16 at once (32 at most), paused for 4 s
            transfers        5 running; waiting: 1 for readers, 3 for read-ahead, 20 others; 2 repeated
            probes           12 outstanding, 1,200 succeeded, 3 failed
            bytes            1 GiB fetched, 1.5 KiB from the disk cache, 0 B served
            open files       3; reads waiting: 1, requests waiting: 2
            memory           12 MiB of 256 MiB
            integrity        1,200 verified, 30 unverified, 0 failed, 12 none
            media errors     key_not_held: 3
            errors returned  EIO: 3, ENOKEY: 1
            """
        #expect(try Self.text() == expected)
    }

    @Test("Private keys that are lost are named, and those of an earlier version's mount are not")
    func lostKeys() throws {
        let sentence = "  ! the process that holds the private keys has ended: see the log\n"
        let text = try Self.text {
            $0.keyProcess = "ended"
            $0.lostKeys = [.init(name: "the private key in '/k'"), .init(name: "the signing key in '/s'")]
        }
        #expect(text.contains(sentence + "  ! lost: the private key in '/k'\n  ! lost: the signing key in '/s'\n"))
        #expect(try Self.text { $0.keyProcess = "ended" }.contains(sentence + "\n"))
        #expect(try !Self.text { $0.keyProcess = "running" }.contains("private key"))
    }

    @Test("The list of calls is a row below the others, with the reason why it is refused")
    func calls() throws {
        let text = try Self.text {
            $0.calls = .init(state: "refused", error: "the key doesn't reach it")
            $0.accounts[0].calls = .init(state: "complete")
        }
        #expect(
            text.contains(
                """
                video-recordings  complete           7            -    1000 B
                calls             refused            -            -         -
                  ! the key doesn't reach it

                """))
        #expect(
            text.contains(
                """
                recordings  stale              5            -  2 KiB
                  ! late
                calls       complete           -            -      -

                """))
    }

    @Test("Hosts that can't be reached, and those that ask for a pause, are told below the requests")
    func hosts() throws {
        let text = try Self.text {
            $0.hosts = [
                .init(
                    host: "api.twilio.com", state: "open", failures: 3, error: "Connection refused",
                    nextAttemptSeconds: 3.2, pausedSeconds: 0),
                .init(
                    host: "media.example", state: "half_open", failures: 3, error: "no connection in time",
                    nextAttemptSeconds: 0, pausedSeconds: 61),
            ]
        }
        #expect(
            text.contains(
                """
                video.twilio.com         9  200: 9
                  ! api.twilio.com can't be reached: Connection refused; next attempt in 4 s
                  ! media.example can't be reached: no connection in time; an attempt is under way
                  ! media.example requested a pause of 1 min 1 s

                """))
    }

    @Test("A status that can't be understood is said to be another version's", arguments: ["{\"schema\": 1}", "", "x"])
    func unreadable(text: String) {
        let failure = #expect(throws: Failure.self) {
            try StatusCommand.status(from: Array(text.utf8), mountPoint: "/mnt/twilio")
        }
        #expect(failure?.code == .other)
        #expect(failure?.message.contains("'/mnt/twilio' is served by another version of twiliofs") == true)
        #expect(throws: Failure.self, "a schema that isn't known") {
            let later = Self.json.replacing("\"schema\": 1", with: "\"schema\": 2")
            _ = try StatusCommand.status(from: Array(later.utf8), mountPoint: "/mnt/twilio")
        }
    }

    @Test("What has failed its authentication has a line of its own")
    func failed() throws {
        #expect(try Self.text { $0.integrity["failed"] = 1 }.contains("\n  ! 1 recording failed authentication\n"))
        #expect(
            try Self.text { $0.integrity["failed"] = 2 }.contains("\n  ! 2 recordings failed authentication\n"))
    }

    @Test("Only a terminal gets colours, for what is wrong, and the words are the same")
    func colours() throws {
        let plain = try Self.text { $0.integrity["failed"] = 1 }
        let coloured = try Self.text(emphasizes: true) { $0.integrity["failed"] = 1 }
        #expect(!plain.contains("\u{1B}"))
        let lines = coloured.split(separator: "\n").filter { $0.contains("\u{1B}") }
        // Three errors and their lists, refusals of a host, and the recording that failed, twice; the missing video.
        #expect(lines.count == 8)
        #expect(lines.allSatisfy { $0.hasPrefix("\u{1B}[1;31m") && $0.hasSuffix("\u{1B}[0m") })
        #expect(
            coloured.replacing("\u{1B}[1;31m", with: "").replacing("\u{1B}[0m", with: "") == plain)
    }

    @Test("A pass of which nothing is known has no bar, one that is nearly done no full one")
    func progress() throws {
        let unknown = try Self.text {
            $0.lists["recordings"] = MountStatus.List(state: MountStatus.List.syncing, recordings: 0, knownBytes: 0)
        }
        #expect(!unknown.contains("["))
        let nearly = try Self.text {
            $0.lists["recordings"]?.items = 999_999
            $0.lists["recordings"]?.secondsLeft = 0.01
        }
        #expect(nearly.contains("[#############################-] 99%, 999,999 listed, 400 pages, 1,200/s, 0 s left"))
    }

    @Test(
        "Times are told in their two largest units",
        arguments: [
            (0, "0 s"), (59.4, "59 s"), (60, "1 min"), (61, "1 min 1 s"), (3600, "1 h"), (3_725, "1 h 2 min"),
            (86_400 * 3 + 30, "3 d 30 s"), (-5, "0 s"),
        ] as [(Double, String)])
    func durations(seconds: Double, words: String) {
        #expect(StatusText.duration(seconds) == words)
    }

    @Test(
        "Numbers have their thousands apart",
        arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] as [(Int64, String)])
    func counts(number: Int64, words: String) {
        #expect(StatusText.count(number) == words)
    }
}
