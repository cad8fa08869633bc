import Catalog
import Foundation
import Logging
import Support
import TwilioAPI

/// What the walks of one account's lists share.
final class SyncServices: Sendable {
    let catalog: Catalog
    let client: TwilioClient
    let finder: ResourceFinder
    let settings: SyncSettings
    let logger: Logger

    /// The threads, which other accounts may use as well.
    let workers: SyncWorkers

    init(
        catalog: Catalog, client: TwilioClient, finder: ResourceFinder, settings: SyncSettings, workers: SyncWorkers,
        logger: Logger
    ) {
        self.catalog = catalog
        self.client = client
        self.finder = finder
        self.settings = settings
        self.logger = logger
        self.workers = workers
    }

    /// Threads that read pages and bring resources into the form in which they are stored.
    var readers: WorkerPool { workers.readers }

    /// The thread that writes.
    var writer: WorkerPool { workers.writer }
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

    /// Seconds before the newest known recording from which on is asked for what is new: the list of an account may
    /// show a recording later than one that was made after it.
    var overlap: Int64 = 900

    /// Seconds after which a refresh begins further back, by ``wideOverlap``: resources change after they were made, a
    /// price comes minutes later for instance.
    var wideInterval: Int64 = 3600

    /// Seconds before now from which on such a refresh asks for what there is: a day, and the hour between two of them.
    var wideOverlap: Int64 = 90_000

    /// Seconds after which a whole pass looks for what has gone.
    var passInterval: Int64 = 86_400

    /// Seconds after its last step in which a pass counts as under way, whichever mount makes it.
    var passLease: Int64 = 600

    /// Recordings that were still being made, which are asked for alone at each refresh.
    var unfinishedLimit = 16

    /// How long after the start a large catalog is looked through for damage: whoever mounts wants to see files first.
    var checkDelay: Duration = .seconds(10)

    /// How long after a piece of it the next one follows.
    var checkPause: Duration = .seconds(1)

    /// Resources on a page; nil for the most that the list gives.
    var pageSize: Int?

    /// Seconds since 1970.
    var now: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970) }

    /// Makes settings.
    public init(refreshInterval: Duration? = .seconds(60)) {
        self.refreshInterval = refreshInterval
    }
}
