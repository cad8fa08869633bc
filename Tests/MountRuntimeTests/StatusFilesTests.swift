import Foundation
import Metrics
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import Catalog
@testable import FileTree
@testable import MountRuntime

@Suite("The files about a mount that isn't shown", .orderly)
struct StatusFilesTests {
    @Test("Status files tell of the mount, in their true size")
    func control() throws {
        let bench = try UnmountedAccount(files: ["recordings/a.wav": [1, 2, 3]])
        defer { bench.shutDown() }
        #expect(try bench.content(".twiliofs/version") == Array("twiliofs 1.2.3\n".utf8))
        #expect(try bench.find(".twiliofs/version").size == 15)
        func list() throws -> MountStatus.List? {
            let status = try MountStatus(json: Data(bench.content(".twiliofs/status.json")))
            #expect(status.account == bench.simulator.credentials.accountSID)
            return status.lists["recordings"]
        }
        #expect(try list()?.state == "waiting")
        try bench.list("recordings")
        #expect(try list()?.state == "complete")
        #expect(try list()?.recordings == 1)
    }

    @Test("What tells of the mount has one size and one time whatever happens, so that a backup finds nothing new")
    func reportSize() throws {
        let bench = try UnmountedAccount(generated: 120)
        defer { bench.shutDown() }
        let paths = [".twiliofs/status.json", ".twiliofs/metrics"]
        let folder = try bench.find(".twiliofs")
        let before = try paths.map { try bench.find($0) }
        #expect(before.allSatisfy { $0.modified == Attributes.unknownTime && $0.validity == 0 })
        #expect(before[0].size == 16 << 10 && before[1].size == 64 << 10)
        try bench.list("recordings")
        let media = bench.main.catalog.media
        for number in 0..<120 {
            let sid = try #require(SID(TwilioSimulator.generatedSID(number)))
            try media.learn([MediaLesson(sid, #require(StoredMediaFacts(plaintextSize: 1, facts: [])))])
            try media.setIntegrity(number < 100 ? .verified : .failed, of: sid)
            #expect(try paths.map { try Int64(bench.content($0).count) } == before.map(\.size))
        }
        #expect(try paths.map { try bench.find($0) } == before)
        #expect(try bench.find(".twiliofs") == folder)
    }

    @Test("The status has the number of the kernel's requests that wait for an answer")
    func waitingRequests() throws {
        let bench = try UnmountedAccount()
        defer { bench.shutDown() }
        var gatherer = bench.mount.parts.gatherer
        gatherer.waitingRequests = { 7 }
        let text = try StatusFiles(gatherer: gatherer).text(of: .status)
        #expect(try MountStatus(json: Data(text.bytes)).waitingRequests == 7)
    }

    @Test("The report has what the parts tell: requests by host and status, bytes, errors, what is open")
    func report() throws {
        let begun = Date()
        let bench = try UnmountedAccount(files: ["recordings/a.wav": Array(repeating: 1, count: 1000)])
        defer { bench.shutDown() }
        for name in ["recordings", "video-recordings", "compositions"] { try bench.list(name) }
        let path = "recordings/\(try #require(bench.simulator.manifest.first?.key)).wav"
        let file = try bench.open(path)
        let bytes = try bench.read(file)
        Counter(label: "system_errors_total", dimensions: [("errno", "EIO")], factory: bench.mount.metrics)
            .increment(by: 4)
        // The recorder takes a moment to store the size.
        #expect(try eventually { try bench.main.catalog.totals(of: .voiceRecording).knownBytes == bytes.count })
        let status = try MountStatus(json: Data(bench.content(".twiliofs/status.json")))
        #expect(status.version == "1.2.3")
        for time in [status.mounted, status.time] {
            #expect(time.timeIntervalSince(begun) > -1 && time.timeIntervalSinceNow < 1)
        }
        #expect(status.lists.values.allSatisfy { $0.state == "complete" && $0.error == nil })
        #expect(status.lists["recordings"]?.knownBytes == Int64(bytes.count))
        #expect(status.openFiles == 1 && status.waitingReads == 0 && status.waitingRequests == 0)
        #expect(status.bytes.served == Int64(bytes.count) && status.bytes.fetched >= Int64(bytes.count))
        #expect(status.probes.learnt == 1)
        #expect(status.errors == MountStatus.Errors(media: [:], system: ["EIO": 4]))
        #expect(status.limiter.maximum == 32 && status.limiter.pausedSeconds == 0)
        // All that the simulator was asked, and by the statuses that it answered with.
        let asked = Dictionary(grouping: bench.simulator.requests, by: { "\($0.status ?? 0)" })
            .mapValues { Int64($0.count) }
        // A request counts when its answer has ended, a moment after the bytes that were wanted are there.
        var told: [String: Int64] = [:]
        _ = try eventually {
            let status = try MountStatus(json: Data(bench.content(".twiliofs/status.json")))
            told = Dictionary(grouping: status.requests, by: \.status).mapValues { $0.reduce(0) { $0 + $1.count } }
            return told == asked
        }
        #expect(told == asked)
        let metrics = try String(decoding: bench.content(".twiliofs/metrics"), as: UTF8.self)
        #expect(metrics.contains("\ntwiliofs_open_files 1\n"))
        #expect(metrics.contains("\ntwiliofs_verdicts_total{verdict=\"verified\"} 1\n"))
        #expect(metrics.contains(#/\ntwiliofs_http_first_byte_seconds_count\{host="127.0.0.1:\d+"\} [1-9]/#))
        // A fetch is measured a moment after its bytes were read.
        #expect(
            try eventually {
                try String(decoding: bench.content(".twiliofs/metrics"), as: UTF8.self)
                    .contains(#/\ntwiliofs_fetch_size_bytes_sum [1-9]\d{3}\n/#)
            })
        withExtendedLifetime(file) {}
    }
}
