import Foundation
import Logging
import ModuleTestSupport
import TestSupport
import Testing
import Transfer
import TwilioAPI
import TwilioSimulator

@testable import Catalog

/// A folder for one catalog.
struct CatalogFolder: Sendable {
    let path: String

    /// A new one, for as long as the process runs: a catalog may outlive this.
    init() throws {
        path = try TemporaryFolder.pathOfRun()
    }

    init(path: String) {
        self.path = path
    }

    var file: String { path + "/catalog.sqlite" }

    /// Opens the catalog; several may be open, as those of several mounts are.
    func catalog(window: CatalogWindow = CatalogWindow()) throws -> Catalog {
        try Catalog(folder: path, window: window, logger: .silent)
    }
}

/// What catalogs are filled with.
enum Sample {
    static func sid(_ number: Int, _ kind: TwilioAPI.MediaKind = .voiceRecording) throws -> SID {
        let digits = String(number, radix: 16)
        return try #require(SID(kind.sidPrefix + String(repeating: "0", count: 32 - digits.count) + digits))
    }

    static func resource(
        _ number: Int, _ kind: TwilioAPI.MediaKind = .voiceRecording, status: String = "completed",
        created: String = "2015-07-30T20:00:00Z"
    ) throws -> ListedResource {
        let json = #"{"sid":"\#(try sid(number, kind))","status":"\#(status)","date_created":"\#(created)"}"#
        return try ListedResource(kind: kind, json: Array(json.utf8))
    }

    /// A resource that was made so many seconds after 1970 and belongs to a call or room.
    static func resource(
        _ number: Int, _ kind: TwilioAPI.MediaKind = .voiceRecording, status: String = "completed", seconds: Int64,
        group: Int? = nil
    ) throws -> ListedResource {
        let field = kind == .voiceRecording ? "call_sid" : "room_sid"
        let group = try group.map { "\"\(try self.group($0, kind))\"" } ?? "null"
        let json = """
            {"sid":"\(try sid(number, kind))","status":"\(status)","\(field)":\(group),\
            "date_created":"\(Timestamp(seconds: seconds))"}
            """
        return try ListedResource(kind: kind, json: Array(json.utf8))
    }

    /// The SID of a call or room.
    static func group(_ number: Int, _ kind: TwilioAPI.MediaKind = .voiceRecording) throws -> SID {
        let digits = String(number, radix: 16)
        return try #require(
            SID((kind == .voiceRecording ? "CA" : "RM") + String(repeating: "0", count: 32 - digits.count) + digits))
    }

    /// A voice recording that is sealed with a tag, as its resource says.
    static func sealed(_ number: Int) throws -> ListedResource {
        let json = """
            {"sid":"\(try sid(number))","status":"completed","encryption_details":{"type":"rsa-aes",\
            "public_key_sid":"CR00000000000000000000000000000000","encrypted_cek":"AA==","iv":"AA=="}}
            """
        return try ListedResource(kind: .voiceRecording, json: Array(json.utf8))
    }
}

extension Catalog {
    /// Stores resources as those of a page are.
    func store(_ resources: [ListedResource], covering covered: [Range<Int64>] = []) throws {
        guard let kind = resources.first?.kind else { return }
        try store([prepare(resources)], covering: covered, of: kind, now: 0, epoch: epoch)
    }

    func learn(_ facts: StoredMediaFacts, of sid: SID, isAuthenticated: Bool = false) throws {
        try learn([MediaLesson(sid, facts, isAuthenticated: isAuthenticated)])
    }

    /// The SIDs of a listing, had in pieces.
    func listed(_ kind: TwilioAPI.MediaKind = .voiceRecording, limit: Int = 1000) throws -> [SID] {
        var found: [SID] = []
        var position: Int64 = 0
        while true {
            let entries = try entries(of: kind, after: position, limit: limit)
            guard let last = entries.last else { return found }
            found += entries.map(\.sid)
            position = last.position
        }
    }
}

/// A catalog that is filled from a server.
final class SyncBench: Sendable {
    let folder: CatalogFolder
    let catalog: Catalog
    private let api: TestClient
    let synchronizer: Synchronizer
    let finder: ResourceFinder

    init(
        _ api: TestClient, folder: CatalogFolder? = nil, window: CatalogWindow = CatalogWindow(),
        settings: SyncSettings = SyncSettings(), logger: Logger = .silent
    ) throws {
        self.folder = try folder ?? CatalogFolder()
        catalog = try self.folder.catalog(window: window)
        self.api = api
        finder = try ResourceFinder(catalog: catalog, client: api.client)
        synchronizer = try Synchronizer(
            catalog: catalog, client: api.client, finder: finder, settings: settings, logger: logger)
    }

    convenience init(
        _ simulator: TwilioSimulator, folder: CatalogFolder? = nil, window: CatalogWindow = CatalogWindow(),
        settings: SyncSettings = SyncSettings(), logger: Logger = .silent
    ) throws {
        try self.init(TestClient(simulator), folder: folder, window: window, settings: settings, logger: logger)
    }

    /// To be called at the end of a test: threads hold the parts until then.
    func shutDown() {
        api.shutDown()
        synchronizer.shutDown()
        finder.shutDown()
    }

    /// Asks for a list and waits for the answer.
    func list(_ kind: TwilioAPI.MediaKind) throws -> Result<Void, CatalogError> {
        let results = Awaited<Result<Void, CatalogError>>()
        synchronizer.whenListed(kind) { results.add($0) }
        return try results.value()
    }

    /// Asks for what was made within an interval and waits for the answer.
    func list(createdIn interval: Range<Timestamp>) throws -> Result<Void, CatalogError> {
        let results = Awaited<Result<Void, CatalogError>>()
        synchronizer.whenListed(createdIn: interval) { results.add($0) }
        return try results.value()
    }

    func find(_ sid: SID, _ kind: TwilioAPI.MediaKind) throws -> CatalogEntry? {
        let outcomes = Awaited<ResourceFinder.Outcome>()
        finder.find(sid, of: kind) { outcomes.add($0) }
        return try outcomes.value().get()
    }
}

extension StoredMediaFacts {
    /// Facts of a size that is known to be possible.
    static func sample(plaintextSize: Int64, entityTag: String? = nil, facts: [UInt8]) -> StoredMediaFacts {
        StoredMediaFacts(plaintextSize: plaintextSize, entityTag: entityTag, facts: facts)!
    }
}
