import Catalog
import Logging
import Support
import TwilioAPI

/// The services that the lists of one account share.
final class SyncServices: Sendable {
    let catalog: Catalog
    let client: TwilioClient
    let finder: ResourceFinder
    let settings: SyncSettings
    let logger: Logger

    /// Threads, which other accounts may share.
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

    /// The threads that parse pages and prepare resources.
    var readers: WorkerPool { workers.readers }

    /// The thread that writes.
    var writer: WriteQueue { workers.writer }
}
