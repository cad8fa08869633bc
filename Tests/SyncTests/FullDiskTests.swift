import Catalog
import CatalogTestSupport
import Foundation
import Support
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import Sync

@Suite("The catalog on a full disk", .orderly, .enabled(if: SmallFileSystem.isPossible, SmallFileSystem.reason))
struct FullDiskTests {
    @Test("Filling it fails with a clear error, what is there can be read, and it goes on when there is room")
    func full() throws {
        let key = try String(contentsOfFile: try KeyPair.shared.publicKey, encoding: .utf8)
        var configuration = SimulatorConfiguration(publicKeys: [SimulatorConfiguration.PublicKey(pem: key)])
        configuration.generatedRecordings = 20_000
        let simulator = try TwilioSimulator.start(configuration)
        defer { simulator.stop() }
        let disk = try SmallFileSystem("size=160m")
        let folder = CatalogFolder(path: disk.path + "/catalog")
        let bench = try SyncBench(simulator, folder: folder)
        defer { bench.shutDown() }
        let known = try Sample.resource(7, .composition)
        try bench.catalog.store(known)
        try disk.fillUp(but: 2 << 20)
        let error = #expect(throws: CatalogError.self) { try bench.list(.voiceRecording).get() }
        #expect(
            error?.message.contains("'\(folder.file)'") == true && error?.message.contains("full") == true,
            "\(error?.message ?? "")")
        #expect(bench.synchronizer.status(of: .voiceRecording).state == .failed(error?.message ?? ""))
        #expect(try bench.catalog.entry(of: known.sid)?.sid == known.sid)
        #expect(try bench.catalog.resource(of: known.sid)?.json == Array(known.json))
        #expect(try bench.catalog.listed(.composition) == [known.sid])
        #expect(bench.catalog.epoch == 0)
        bench.waitForFlush()
        #expect(try folder.bulkMarkers.count == 1, "the disk lacks something: a marker has to say so")
        disk.empty()
        try bench.list(.voiceRecording).get()
        #expect(try Set(bench.catalog.listed()).count == 20_000)
        #expect(try bench.catalog.listed().count == 20_000)
        #expect(try folder.integrityCheck() == ["ok"])
        #expect(try eventually { try folder.bulkMarkers.isEmpty })
    }
}
