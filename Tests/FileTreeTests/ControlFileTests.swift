import Catalog
import Envelope
import Foundation
import Media
import TestSupport
import Testing
import Support
import TwilioAPI
import TwilioSimulator

@testable import FileTree

@Suite("The files that tell of the mount", .orderly)
struct ControlFileTests {
    @Test("Control files tell of the mount, in their true size")
    func control() throws {
        try FileTreeTests.withTree { bench in
            #expect(try bench.content(".twiliofs/version") == Array("twiliofs 1.2.3\n".utf8))
            #expect(try bench.find(".twiliofs/version").size == 15)
            func state() throws -> [String: Any]? {
                let report = try bench.content(".twiliofs/status.json")
                let object = try JSONSerialization.jsonObject(with: Data(report)) as? [String: Any]
                #expect(object?["account"] as? String == bench.simulator.credentials.accountSID)
                return (object?["lists"] as? [String: Any])?["recordings"] as? [String: Any]
            }
            #expect(try state()?["state"] as? String == "waiting")
            _ = try bench.openDirectory(bench.find("recordings").inode)
            #expect(try state()?["state"] as? String == "complete")
            #expect(try state()?["recordings"] as? Int == 3)
            let handle = try bench.open(bench.find(".twiliofs/version").inode)
            #expect(handle.isVolatile)
            #expect(!handle.mayKeepPages)
        }
    }

    @Test("What tells of the mount has one size and one time whatever happens, so that a backup finds nothing new")
    func reportSize() throws {
        let bench = try TreeBench(generated: 120)
        defer { bench.shutDown() }
        let paths = [".twiliofs/status.json", ".twiliofs/metrics"]
        let folder = try bench.find(".twiliofs")
        let before = try paths.map { try bench.find($0) }
        #expect(before.allSatisfy { $0.size == 16 << 10 && $0.modified == FileTree.unknownTime && $0.validity == 0 })
        _ = try bench.list(bench.find("recordings").inode)
        for number in 0..<120 {
            let sid = try #require(SID(TwilioSimulator.generatedSID(number)))
            try bench.catalog.learn([MediaLesson(sid, #require(StoredMediaFacts(plaintextSize: 1, facts: [])))])
            try bench.catalog.setIntegrity(number < 100 ? .verified : .failed, of: sid)
            for path in paths { #expect(try bench.content(path).count == 16 << 10) }
        }
        #expect(try paths.map { try bench.find($0) } == before)
        #expect(try bench.find(".twiliofs") == folder)
    }

    @Test("A report that outgrows its size is told to be larger, and is, and stays so")
    func growingReport() throws {
        try FileTreeTests.withTree { bench in
            let path = ".twiliofs/status.json"
            #expect(try bench.find(path).size == 16 << 10)
            let many = Dictionary(uniqueKeysWithValues: (0..<1000).map { ("E\($0)", Int64($0)) })
            bench.gatherer.askForRequests { RequestStatistics(waiting: 3, errors: many) }
            let first = try bench.content(path)
            let size = try bench.find(path).size
            #expect(size > 16 << 10 && first.count <= Int(size))
            #expect(try bench.content(path).count == Int(size))
            bench.gatherer.askForRequests { RequestStatistics() }
            #expect(try bench.find(path).size == size)
            #expect(try bench.content(path).count == Int(size))
        }
    }

    @Test("The report has what the parts tell: requests by host and status, bytes, errors, what is open")
    func report() throws {
        let begun = Date()
        try FileTreeTests.withTree { bench in
            for name in ["recordings", "video-recordings", "compositions"] {
                _ = try bench.list(bench.find(name).inode)
            }
            let path = try FileTreeTests.path(bench, "recordings/a.wav")
            let file = try bench.open(bench.find(path).inode)
            let bytes = try bench.read(file, count: 1 << 20)
            bench.gatherer.askForRequests { RequestStatistics(waiting: 3, errors: ["EIO": 4]) }
            // The recorder takes a moment to store the size.
            #expect(try eventually { try bench.catalog.totals(of: .voiceRecording).knownBytes == bytes.count })
            let status = try MountStatus(json: Data(bench.content(".twiliofs/status.json")))
            #expect(status.version == "1.2.3")
            #expect(status.mounted == Date(timeIntervalSince1970: 1_700_000_000))
            #expect(status.time.timeIntervalSince(begun) > -1 && status.time.timeIntervalSinceNow < 1)
            #expect(status.lists.values.allSatisfy { $0.state == .complete && $0.error == nil })
            #expect(status.lists["recordings"]?.knownBytes == Int64(bytes.count))
            #expect(status.openFiles == 1 && status.waitingReads == 0 && status.waitingRequests == 3)
            #expect(status.bytes.served == Int64(bytes.count) && status.bytes.fetched >= Int64(bytes.count))
            #expect(status.verdicts.verified == 1 && status.probes.learnt == 1)
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
            withExtendedLifetime(file) {}
        }
    }
}
