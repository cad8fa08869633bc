import Foundation
import Logging
import TestSupport
import Testing
import Transfer
import TwilioAPI
import TwilioSimulator

@testable import Catalog

/// A folder for one catalog.
struct CatalogFolder: Sendable {
    let path: String

    /// A new one.
    init() throws {
        self.init(path: TemporaryFolder.shared.appending(path: UUID().uuidString).path)
    }

    init(path: String) {
        self.path = path
    }

    var file: String { path + "/catalog.sqlite" }

    /// Opens the catalog; several may be open, as those of several mounts are.
    func catalog(window: CatalogWindow = CatalogWindow()) throws -> Catalog {
        try Catalog(folder: path, window: window, logger: Sample.quiet)
    }
}

/// The folder of this test process, removed when it exits.
enum TemporaryFolder {
    static let shared: URL = {
        atexit(removeTemporaryFolder)
        return FileManager.default.temporaryDirectory.appending(path: "CatalogTests-\(UUID().uuidString)")
    }()
}

private func removeTemporaryFolder() {
    try? FileManager.default.removeItem(at: TemporaryFolder.shared)
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

    static let quiet: Logger = {
        var logger = Logger(label: "tests")
        logger.logLevel = .critical
        return logger
    }()
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
    let transfer: TransferClient
    let synchronizer: Synchronizer
    let finder: ResourceFinder

    init(
        url: String, username: String = "name", password: String = "word", account: String? = nil,
        folder: CatalogFolder? = nil, window: CatalogWindow = CatalogWindow(), settings: SyncSettings = SyncSettings(),
        logger: Logger = Sample.quiet
    ) throws {
        self.folder = try folder ?? CatalogFolder()
        catalog = try self.folder.catalog(window: window)
        transfer = try TransferClient(TransferClient.Configuration(), logger: Sample.quiet)
        let client = TwilioClient(
            account: try #require(SID(account ?? "AC" + String(repeating: "0", count: 32))),
            credentials: FixedCredential(username: username, password: password),
            endpoints: try Endpoints(api: url, video: url), transfer: transfer)
        finder = try ResourceFinder(catalog: catalog, client: client)
        synchronizer = try Synchronizer(
            catalog: catalog, client: client, finder: finder, settings: settings, logger: logger)
    }

    convenience init(
        _ simulator: TwilioSimulator, folder: CatalogFolder? = nil, window: CatalogWindow = CatalogWindow(),
        settings: SyncSettings = SyncSettings(), logger: Logger = Sample.quiet
    ) throws {
        try self.init(
            url: simulator.apiURL, username: simulator.credentials.accountSID,
            password: simulator.credentials.authToken, account: simulator.credentials.accountSID, folder: folder,
            window: window, settings: settings, logger: logger)
    }

    /// To be called at the end of a test: threads hold the parts until then.
    func shutDown() {
        transfer.shutDown()
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

extension TwilioSimulator {
    /// Adds a resource of the kind that its SID tells.
    func add(_ sid: SID, status: JSONValue = "processing") throws {
        let fields: [String: JSONValue] = ["sid": .string("\(sid)"), "status": status]
        switch sid.prefix {
        case "RE": try add(.recording, fields: fields)
        case "RT": try add(.videoRecording, fields: fields)
        default: try add(.composition, fields: fields)
        }
    }
}

extension StoredMediaFacts {
    /// Facts of a size that is known to be possible.
    static func sample(plaintextSize: Int64, entityTag: String? = nil, facts: [UInt8]) -> StoredMediaFacts {
        StoredMediaFacts(plaintextSize: plaintextSize, entityTag: entityTag, facts: facts)!
    }
}
