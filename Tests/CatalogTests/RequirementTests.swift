import CatalogTestSupport
import Testing
import TestSupport
import TwilioAPI

@testable import Catalog

@Suite("What has to be held for recordings", .orderly)
struct RequirementTests {
    private static let common = "CR" + String(repeating: "1", count: 32)
    private static let rare = "CR" + String(repeating: "2", count: 32)

    private static func resource(_ number: Int, _ kind: MediaKind, key: String) throws -> ListedResource {
        let member =
            kind == .voiceRecording
            ? #""encryption_details":{"type":"rsa-aes","public_key_sid":"\#(key)","encrypted_cek":"AAAA","iv":"AAAA"}"#
            : #""encryption_key":"\#(key)""#
        let json = #"{"sid":"\#(try Sample.sid(number, kind))","status":"completed",\#(member)}"#
        return try ListedResource(kind: kind, json: Array(json.utf8))
    }

    private func number(of key: String, in catalog: Catalog) throws -> Int64 {
        try #require(try catalog.requirements.all().first { $0.value.name == key }?.key)
    }

    @Test("What was read from a database that was replaced meanwhile is neither kept nor hidden")
    func replaced() {
        let memory = RequirementMemory()
        let before = memory.epoch
        memory.forgetNumbers(epoch: before + 1)
        memory.keep([1: .bucket], epoch: before)
        memory.hide([.composition: [1]], epoch: before)
        #expect(memory.requirement(1) == nil && memory.hidden.isEmpty)
        memory.keep([1: .unnamedKey], epoch: before + 1)
        memory.hide([.composition: [2]], epoch: before + 1)
        #expect(memory.requirement(1) == .unnamedKey && memory.hidden == [.composition: [2]])
    }

    @Test("Examples are found wherever the recordings are, and from all over", arguments: [0, 1, 57, 198, 199])
    func examples(place: Int) throws {
        let folder = try CatalogFolder()
        let catalog = try folder.catalog()
        for index in 0..<200 {
            try catalog.store(
                try Self.resource(index, .voiceRecording, key: index == place ? Self.rare : Self.common))
        }
        let (rare, common) = (try number(of: Self.rare, in: catalog), try number(of: Self.common, in: catalog))
        var thirds: Set<UInt64> = []
        for _ in 0..<20 {
            let found = try catalog.requirements.examples(of: rare, kind: .voiceRecording, limit: 16)
            #expect(try found == [Sample.sid(place, .voiceRecording)])
            let many = try catalog.requirements.examples(of: common, kind: .voiceRecording, limit: 16)
            #expect(many.count == 16 && Set(many).count == many.count)
            thirds.formUnion(many.map { UInt64($0.low) / 67 })
        }
        #expect(thirds == [0, 1, 2], "all over the catalog")
        #expect(try catalog.requirements.examples(of: rare, kind: .composition, limit: 16) == [])
    }

    @Test("All of a small group are examples, wherever recordings of other kinds are in the table")
    func smallGroup() throws {
        let folder = try CatalogFolder()
        let catalog = try folder.catalog()
        for index in 0..<3 {
            try catalog.store(try Self.resource(index, .voiceRecording, key: Self.common))
        }
        for index in 0..<30 {
            try catalog.store(try Self.resource(index, .composition, key: Self.common))
        }
        let number = try number(of: Self.common, in: catalog)
        let all = try Set((0..<3).map { try Sample.sid($0, .voiceRecording) })
        for _ in 0..<20 {
            #expect(try Set(catalog.requirements.examples(of: number, kind: .voiceRecording, limit: 3)) == all)
        }
    }

    @Test("The newest recording is an example, wherever it is in the table")
    func newestExample() throws {
        let folder = try CatalogFolder()
        let catalog = try folder.catalog()
        func resource(_ number: Int, day: Int) throws -> ListedResource {
            let json = """
                {"sid":"\(try Sample.sid(number, .composition))","status":"completed","encryption_key":"\(Self.common)",\
                "date_created":"2026-11-\(day)T09:00:00Z"}
                """
            return try ListedResource(kind: .composition, json: Array(json.utf8))
        }
        for number in 0..<60 { try catalog.store(try resource(number, day: number == 31 ? 28 : 21)) }
        let newest = try Sample.sid(31, .composition)
        let group = try number(of: Self.common, in: catalog)
        for _ in 0..<20 {
            #expect(try catalog.requirements.examples(of: group, kind: .composition, limit: 3).contains(newest))
        }
    }

    @Test("Video that names no key requires one once its media says so, until that or the resource says otherwise")
    func learnt() throws {
        let folder = try CatalogFolder()
        var catalog = try folder.catalog()
        let sid = try Sample.sid(1, .composition)
        let facts = StoredMediaFacts.sample(plaintextSize: 5, facts: [1])
        let unnamed = try Sample.resource(1, .composition)
        let named = try Self.resource(1, .composition, key: Self.common)
        func name(_ sid: SID) throws -> String? {
            try catalog.entry(of: sid)?.requirement.flatMap { catalog.requirements[$0]?.name }
        }
        func learn(_ isEncrypted: Bool) throws {
            try catalog.media.learn([MediaLesson(sid, facts, isEncrypted: isEncrypted)])
        }
        try catalog.store(unnamed)
        try learn(false)
        #expect(try name(sid) == nil)
        #expect(try catalog.requirements.all().isEmpty)
        try learn(true)
        #expect(try name(sid) == "unnamed_key")
        let number = try number(of: "unnamed_key", in: catalog)
        #expect(catalog.requirements.gains(of: number, kind: .composition) == 1)
        try catalog.store(unnamed)
        try catalog.media.forgetFacts(of: sid)
        #expect(try name(sid) == "unnamed_key")
        try catalog.checkWhole()
        // Every row of so small a catalog is checked when it is opened.
        catalog = try folder.catalog()
        #expect(try name(sid) == "unnamed_key")
        for isEncrypted in [true, false] {
            try catalog.store(named)
            try learn(isEncrypted)
            #expect(try name(sid) == Self.common)
        }
        try catalog.store(unnamed)
        #expect(try name(sid) == nil)
        // Of which even the size isn't certain.
        try catalog.media.noteEncryption(of: [sid, try Sample.sid(2, .composition)])
        #expect(try name(sid) == "unnamed_key")
        try learn(false)
        #expect(try name(sid) == nil)
        // What the resource of voice says isn't for its media to say.
        let voice = try Sample.sid(1, .voiceRecording)
        try catalog.store(try Self.resource(1, .voiceRecording, key: ""))
        try catalog.media.learn([MediaLesson(voice, facts)])
        #expect(try name(voice) == "unnamed_key")
        try catalog.checkWhole()
    }

    @Test("Recordings are counted and left out by kind")
    func kinds() throws {
        let folder = try CatalogFolder()
        let catalog = try folder.catalog()
        for kind in MediaKind.allCases {
            for index in 0..<3 { try catalog.store(try Self.resource(index, kind, key: Self.common)) }
        }
        let requirement = try #require(MediaRequirement(name: Self.common))
        #expect(
            try catalog.requirements.counts() == [
                requirement: [.voiceRecording: 3, .videoRecording: 3, .composition: 3]
            ])
        catalog.requirements.hide([.videoRecording: [try number(of: Self.common, in: catalog)]], epoch: catalog.epoch)
        #expect(try catalog.entries(of: .voiceRecording, after: 0, limit: 10).count == 3)
        #expect(try catalog.entries(of: .videoRecording, after: 0, limit: 10).isEmpty)
        #expect(try catalog.entries(of: .composition, after: 0, limit: 10).count == 3)
        for kind in MediaKind.allCases {
            #expect(try (catalog.entry(of: Sample.sid(1, kind)) == nil) == (kind == .videoRecording))
        }
        // Outside of the window nothing is shown, hidden or not.
        let window = try folder.catalog(window: CatalogWindow(kinds: [.videoRecording]))
        for kind in MediaKind.allCases {
            #expect(try (window.entry(of: Sample.sid(1, kind)) != nil) == (kind == .videoRecording))
        }
    }
}
