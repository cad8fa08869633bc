import Catalog
import CatalogTestSupport
import Logging
import Testing
import TestSupport
import Transfer
import TwilioAPI
import TwilioSimulator

@testable import Sync

/// Collects removals.
final class Removals: SynchronizerDelegate {
    let found = Awaited<[RemovedEntry]>()

    func recordingsWereRemoved(_ removed: [RemovedEntry], from account: SID) { found.add(removed) }
}

/// A catalog that is filled from a server.
final class SyncBench: Sendable {
    let folder: CatalogFolder
    let catalog: Catalog
    let transfer: TransferClient
    let synchronizer: Synchronizer
    let finder: ResourceFinder
    private let writer: WriteQueue

    /// The removals that the synchronizer has found.
    let removed = Removals()

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
        writer = try WriteQueue()
        finder = ResourceFinder(catalog: catalog, client: client, writer: writer)
        synchronizer = try Synchronizer(
            catalog: catalog, client: client, finder: finder, settings: settings,
            workers: SyncWorkers(writer: writer), delegate: removed, logger: logger)
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
        writer.shutDown()
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
