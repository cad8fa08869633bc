import Catalog
import DiskCache
public import Envelope
public import FileSystem
import FileTree
public import Logging
public import Media
import Metrics
import Monitoring
import Prefetching
import Readability
public import Support
public import Sync
import Transfer
public import TwilioAPI

/// The mount of an account: builds, starts and stops its parts.
///
/// The initializer verifies the credentials for every list, and opens the catalogs. ``mount()`` shows the files,
/// ``wait()`` returns when they are unmounted, and ``stop()`` ends every part, at any stage. One thread makes and uses
/// it; any thread may run the action of ``unmounting``.
public final class AccountMount {
    /// The number of threads that serve the kernel's requests; as many others decrypt.
    ///
    /// Beyond eight, the kernel is the bottleneck.
    public static func threadCount(processors: Int) -> Int { min(8, max(2, processors)) }

    /// The parts that the initializer builds, and that later calls use.
    struct Parts {
        let kernel: KernelConnection
        let library: MediaLibrary
        let branches: [Branch]
        let prober: SizeProber
        let readability: Readability
        let gatherer: StatusGatherer
        let tree: FileTree
    }

    private let settings: MountSettings
    private let logger: Logger
    private let stops: StopStack
    let metrics = MountMetrics.registry()
    private let transfer: TransferClient
    let parts: Parts
    private var session: FileSystemSession?

    /// Builds the parts; blocks until Twilio answers.
    ///
    /// - Parameter catalogFolder: Returns the folder of an account's catalog, and makes it if it is missing.
    /// - Throws: `TransferError`, `TwilioError`, `CatalogError`, `DiskCacheError`, `SystemError`, or an error of
    ///   `catalogFolder`, after stopping all started parts.
    public init(_ settings: MountSettings, logger: Logger, catalogFolder: (SID) throws -> String) throws {
        var kept = settings
        // The library has them, and may replace them; nothing else keeps a private key that was taken away.
        kept.keys = KeyRing([])
        self.settings = kept
        self.logger = logger
        let stops = StopStack()
        self.stops = stops
        transfer = try TransferClient(settings.transfer, metrics: metrics, logger: logger)
        do {
            parts = try Self.build(settings, metrics, transfer, stops, logger, catalogFolder)
        } catch {
            Self.stop(stops, transfer)
            throw error
        }
    }

    // MARK: Running

    /// Mounts, and starts the background work.
    ///
    /// - Throws: `FileSystemError`, or `SystemError` if the system has no thread left, after unmounting and stopping
    ///   every part.
    public func mount() throws {
        do {
            let session = try settings.withMountRights {
                try FileSystemSession(
                    tree: parts.tree, kernel: parts.kernel, mountPoint: settings.mountPoint,
                    source: "twilio:\(settings.account)", options: settings.options, threadCount: settings.threadCount,
                    predecessor: settings.predecessor, unmounter: settings.unmounter, logger: logger)
            }
            self.session = session
            // The other parts answer the session's requests, so the session's memory must outlive these parts.
            stops.pushToBottom { session.finish() }
            for branch in parts.branches { try branch.synchronizer.start() }
            if settings.isProbing { try parts.prober.start() }
            try parts.readability.start()
        } catch {
            // Without all these threads, the mount would hang.
            session?.unmount()
            stop()
            throw error
        }
    }

    /// What tells the mount from others in its place; nil if unknown.
    public var identity: MountIdentity? { session?.identity }

    /// True from ``mount()`` until the files are unmounted.
    public var isMounted: Bool { session?.isMounted ?? false }

    /// The action for a signal: unmounts the files.
    public var unmounting: @Sendable () -> Void { { [session] in session?.unmount() } }

    /// Waits until the files are unmounted, by ``unmounting`` or from outside.
    ///
    /// Open files keep libfuse's threads waiting, but ``unmounting`` ends this wait all the same.
    ///
    /// - Throws: The reason why they couldn't be unmounted.
    public func wait() throws(FileSystemError) {
        try session?.wait()
        logger.info("unmounted \(settings.mountPoint)")
    }

    /// Stops every part, and ends all threads but those of libfuse that open files keep; a second call does nothing.
    public func stop() { Self.stop(stops, transfer) }

    /// Ends all transfers, so that no thread waits for the network, and then stops the parts.
    private static func stop(_ stops: StopStack, _ transfer: TransferClient) {
        transfer.shutDown()
        stops.stop()
    }

    /// The action for other credentials: what couldn't be read with the former ones is tried again.
    public var credentialsDidChange: @Sendable () -> Void {
        { [branches = parts.branches, readability = parts.readability] in
            for branch in branches { branch.synchronizer.credentialsDidChange() }
            readability.requirementsDidChange()
        }
    }

    /// Has new credentials looked for whenever the present ones are refused a list that is wanted.
    public func lookForNewCredentials(with search: @escaping CredentialSearch) {
        for branch in parts.branches { branch.synchronizer.lookForNewCredentials(with: search) }
    }

    /// The action for other private keys: open files and running reads survive it, and recordings that couldn't be
    /// opened for lack of a key are tried again.
    public var replacingKeys: @Sendable (KeyRing) -> Void {
        { [library = parts.library, didChange = credentialsDidChange] keys in
            library.replaceKeys(by: keys)
            didChange()
        }
    }

    /// Has private keys looked for whenever one is missing.
    public func lookForMissingKeys(with search: @escaping KeySearch) {
        parts.library.lookForMissingKeys(with: search)
    }

    /// Describes the unreadable recordings, one sentence per reason.
    ///
    /// - Parameter patience: The longest wait for the survey of all lists; later findings are missing.
    public func unreadableSentences(within patience: Duration) -> [String] {
        parts.readability.sentences(within: patience)
    }

    // MARK: Building

    private static func build(
        _ settings: MountSettings, _ metrics: MetricRegistry<MountSnapshot>, _ transfer: TransferClient,
        _ stops: StopStack, _ logger: Logger, _ catalogFolder: (SID) throws -> String
    ) throws -> Parts {
        // Not with all settings: what is kept would keep the private keys, too.
        let namesAccounts = settings.subaccountCredentials != nil
        let accountLogger = { @Sendable in Self.logger(of: $0, isNamed: namesAccounts, logger) }
        let client = TwilioClient(
            account: settings.account, credentials: settings.credentials,
            videoCredentials: settings.videoCredentials ?? settings.credentials, endpoints: settings.endpoints,
            transfer: transfer, externalMedia: settings.externalMedia)
        let (main, subaccounts) = try openAccounts(settings, client, logger) { account, window in
            try Catalog(folder: try catalogFolder(account), window: window, logger: accountLogger(account))
        }
        let others = subaccounts ?? []
        let kernel = try KernelConnection(metrics: metrics, logger: logger)
        stops.push { kernel.shutDownUnlessMounted() }
        let nodes = NodeRegistry(subaccounts: others.map(\.client.account), kernel: kernel)
        let writer = try WriteQueue()
        stops.push { writer.shutDown() }
        let recorder = MediaRecorder(
            catalog: main.catalog,
            subaccounts: Dictionary(uniqueKeysWithValues: others.map { ($0.client.account, $0.catalog) }),
            writer: writer, delegate: nodes, logger: logger)
        let library = try openLibrary(
            settings, metrics, transfer, stops, logger,
            clients: TwilioClients(main: client, subaccounts: others.map(\.client)), observer: recorder)
        var sync = settings.sync
        sync.callRefusal = callRefusal(settings, client, logger)
        let maker = try BranchMaker(
            library: library, settings: sync, writer: writer,
            delegate: RemovalNotices(nodes: nodes, library: library, ownership: settings.ownership),
            logger: accountLogger)
        stops.push { maker.shutDown() }
        let mainBranch = try maker.branch(of: main)
        let subaccountBranches = try subaccounts?.map(maker.branch)
        let branches = [mainBranch] + (subaccountBranches ?? [])
        let readability = Readability(
            accounts: branches.map { SurveyedAccount($0.account, catalog: $0.catalog, synchronizer: $0.synchronizer) },
            library: library, isHiding: settings.isHidingUnreadable, logger: logger)
        stops.push { readability.shutDown() }
        let prober = SizeProber(
            accounts: branches.map { ($0.catalog, $0.synchronizer) }, library: library, logger: logger)
        stops.push { prober.shutDown() }
        let gatherer = StatusGatherer(
            version: settings.version, main: mainBranch, subaccounts: subaccountBranches ?? [], library: library,
            transfer: transfer, metrics: metrics, readability: readability,
            waitingRequests: { kernel.waitingRequests }, keyProcess: settings.keyProcess)
        let tree = FileTree(
            main: mainBranch, subaccounts: subaccountBranches, nodes: nodes, library: library,
            controlFiles: StatusFiles(gatherer: gatherer), readability: readability,
            linkNames: settings.linkNames, ownership: settings.ownership)
        return Parts(
            kernel: kernel, library: library, branches: branches, prober: prober, readability: readability,
            gatherer: gatherer, tree: tree)
    }

    /// The logger of an account; with subaccounts, its lines name the account.
    private static func logger(of account: SID, isNamed: Bool, _ logger: Logger) -> Logger {
        guard isNamed else { return logger }
        var named = logger
        named[metadataKey: "account"] = "\(account)"
        return named
    }

    /// The refusal of the list of calls, which is logged; nil if it is reached, or isn't wanted.
    ///
    /// The account's credential reaches the calls of its subaccounts too, so its answer holds for all.
    private static func callRefusal(
        _ settings: MountSettings, _ client: TwilioClient, _ logger: Logger
    ) -> TwilioError? {
        guard settings.sync.fetchesCalls, settings.window.kinds.contains(where: { $0.group == .call }) else {
            return nil
        }
        do throws(TwilioError) {
            try client.verifyCalls(patience: patienceForCredentials)
            return nil
        } catch {
            // Another failure may pass before anybody needs the calls.
            guard error.isRefusal else { return nil }
            logger.warning(
                """
                the credentials don't reach the list of calls, so nothing shows who speaks in voice recordings, and \
                by-number is left out (\(error.message)); allow the key to read calls, or give --no-calls
                """)
            return error
        }
    }

    /// Makes the library, and opens its disk cache if there is one.
    private static func openLibrary(
        _ settings: MountSettings, _ metrics: any MetricsFactory, _ transfer: TransferClient, _ stops: StopStack,
        _ logger: Logger, clients: TwilioClients, observer: MediaRecorder
    ) throws -> MediaLibrary {
        let diskCache = try settings.diskCache.map { folder, limit, minimumFree in
            try DiskCache(folder: folder, limit: limit, minimumFree: minimumFree, logger: logger)
        }
        if let diskCache { stops.push { diskCache.shutDown() } }
        let library = try MediaLibrary(
            clients: clients, transfer: transfer, keys: settings.keys, diskCache: diskCache,
            configuration: settings.media, observer: observer, metrics: metrics, logger: logger)
        stops.push { library.shutDown() }
        return library
    }

    /// Verifies the credentials, and opens the catalogs of the mounted accounts; blocks until Twilio answers.
    private static func openAccounts(
        _ settings: MountSettings, _ client: TwilioClient, _ logger: Logger,
        _ openCatalog: (SID, CatalogWindow) throws -> Catalog
    ) throws -> (main: OpenedAccount, subaccounts: [OpenedAccount]?) {
        let check = CredentialCheck(patience: patienceForCredentials)
        try check.run(client, settings.window.kinds)
        let main = OpenedAccount(client: client, catalog: try openCatalog(settings.account, settings.window))
        let subaccounts = try settings.subaccountCredentials.map {
            try OpenedAccount.subaccounts(
                of: client, window: settings.window, credentials: $0, check: check, logger: logger,
                openCatalog: openCatalog)
        }
        return (main, subaccounts)
    }

    /// The limits of the requests that check the credentials.
    ///
    /// Wrong credentials, and those that don't reach every list, are reported before the mount, not at the first `ls`.
    private static var patienceForCredentials: Patience {
        var patience = Patience.standard
        patience.giveUp = .seconds(10)
        // At boot the network may start a moment later.
        patience.outage = patience.giveUp
        return patience
    }
}
