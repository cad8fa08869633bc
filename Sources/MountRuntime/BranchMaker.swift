import Catalog
import FileTree
import Logging
import Media
import Prefetching
import Support
import Sync
import TwilioAPI

/// Makes the branches of a mount, one per account; all branches share its threads.
struct BranchMaker: Sendable {
    private let library: MediaLibrary
    private let settings: SyncSettings
    private let delegate: any SynchronizerDelegate
    /// Makes the logger of an account.
    private let makeLogger: @Sendable (SID) -> Logger
    private let workers: SyncWorkers
    private let writer: WriteQueue
    private let prefetchWorker: WorkerPool

    /// Starts the threads.
    ///
    /// - Parameter writer: The thread that writes to the catalogs.
    init(
        library: MediaLibrary, settings: SyncSettings, writer: WriteQueue, delegate: any SynchronizerDelegate,
        logger: @escaping @Sendable (SID) -> Logger
    ) throws {
        self.library = library
        self.settings = settings
        self.delegate = delegate
        makeLogger = logger
        self.writer = writer
        workers = try SyncWorkers(writer: writer)
        prefetchWorker = try WorkerPool(name: "prefetch", threadCount: 1)
    }

    /// Makes the branch of an account.
    func branch(of account: OpenedAccount) throws -> Branch {
        let logger = makeLogger(account.client.account)
        account.catalog.groups.createIndex(on: writer)
        let finder = ResourceFinder(catalog: account.catalog, client: account.client, writer: writer)
        return Branch(
            account: account.client.account, name: account.name, videoIssue: account.videoIssue,
            catalog: account.catalog,
            synchronizer: try Synchronizer(
                catalog: account.catalog, client: account.client, finder: finder, settings: settings,
                workers: workers, delegate: delegate, logger: logger),
            finder: finder,
            prefetcher: Prefetcher(
                catalog: account.catalog, library: library, worker: prefetchWorker, logger: logger))
    }

    /// Ends the threads; the transfer client must be shut down before.
    func shutDown() {
        workers.shutDown()
        prefetchWorker.shutDown()
    }
}
