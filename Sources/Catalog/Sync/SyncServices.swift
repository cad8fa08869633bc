import Foundation
import Logging
import Threading
import TwilioAPI

/// What the walks of one account's lists share.
final class SyncServices: Sendable {
    let catalog: Catalog
    let client: TwilioClient
    let finder: ResourceFinder
    let settings: SyncSettings
    let logger: Logger

    /// Threads that read pages and bring resources into the form in which they are stored.
    let readers: WorkerPool

    /// The thread that writes: SQLite takes one at a time.
    let writer: WorkerPool

    init(
        catalog: Catalog, client: TwilioClient, finder: ResourceFinder, settings: SyncSettings, logger: Logger
    ) throws(ThreadingError) {
        self.catalog = catalog
        self.client = client
        self.finder = finder
        self.settings = settings
        self.logger = logger
        readers = try WorkerPool(name: "pages", threadCount: 2)
        writer = try WorkerPool(name: "catalog", threadCount: 1)
    }

    func shutDown() {
        readers.shutDown()
        writer.shutDown()
    }
}

/// How lists are kept up to date.
public struct SyncSettings: Sendable {
    /// How often lists that are used are asked for what is new; nil for once, when mounting.
    public var refreshInterval: Duration?

    /// How many pages are on their way at once, at most, while a list is first brought here.
    ///
    /// Half of the requests that the account is given: the rest is for readers, who don't wait for pages.
    var walkLimit = 16

    /// How long who opens a directory waits for what is new in it, when the list itself is here.
    var patience: Duration = .seconds(3)

    /// Seconds before the newest known recording from which on is asked for what is new: the list of an account may show a
    /// recording later than one that was made after it.
    var overlap: Int64 = 900

    /// Seconds after which a whole pass looks for what has gone.
    var passInterval: Int64 = 86_400

    /// Seconds after its last step in which a pass counts as under way, whichever mount makes it.
    var passLease: Int64 = 600

    /// Recordings that were still being made, which are asked for alone at each refresh.
    var unfinishedLimit = 16

    /// Resources on a page; nil for the most that the list gives.
    var pageSize: Int?

    /// Seconds since 1970.
    var now: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970) }

    /// Makes settings.
    public init(refreshInterval: Duration? = .seconds(60)) {
        self.refreshInterval = refreshInterval
    }
}
