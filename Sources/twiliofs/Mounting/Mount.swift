import CLinux
import Catalog
import DiskCache
import Envelope
import FileSystem
import FileTree
import Foundation
import Logging
import Media
import Metrics
import Transfer
import TwilioAPI

/// The one place where the parts are built and wired together.
struct Mount {
    /// How long mounting in the background waits for what can't be read to be found out: small lists are here by then.
    private static let patienceForFindings = Duration.seconds(2)

    private let command: MountCommand
    private let environment = Environment()
    private let log: LogOutput
    private let logger: Logger

    init(_ command: MountCommand) throws(Failure) {
        self.command = command
        // What serves a mount from the background logs to the system from the first line on: the terminal gets nothing
        // but the reason why it can't be mounted.
        let destination: LogOutput.Destination
        if let path = command.logFile {
            destination = .file(try LogFile(CacheFolder.absolute(path)))
        } else {
            destination = command.readyDescriptor == nil ? .standardError : .systemLog
        }
        log = LogOutput(format: command.logFormat, destination: destination, leastLevel: command.logLevel)
        logger = log.logger()
    }

    /// Mounts, serves until unmounted, and cleans up.
    ///
    /// - Throws: ``Failure`` when it can't be mounted.
    func run() throws {
        // The first things: later there will be secrets in memory, and threads that would inherit other masks.
        try Self.forbidCoreDumps()
        _ = twiliofs_keep_freed_memory()
        if let descriptor = command.readyDescriptor { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        // Also where it can't be mounted, or the process ends by itself.
        defer { log.flush() }
        try AddressSpaceLimit.check()
        try ThreadReserve.check()
        let signals = try ProcessSignals(log: log)

        let options = try MountOptionList(command.mountOptions)
        let mask = try command.mask.map { (text) throws(Failure) in
            try MountOptionList.mask(text, option: "--umask \(text)")
        }
        let window = try command.window.window()
        let allowsOthers = command.allowOther || options.allowsOthers
        let secrets = SecretReader(isStrict: command.strictPermissions, warn: { [self] in warn($0) })
        let mountPoint: MountPoint
        do throws(FileSystemError) {
            try MountPoint.checkAvailability(allowsOthers: allowsOthers)
            mountPoint = try MountPoint(command.mountPoint, allowsContents: options.allowsContents)
        } catch {
            throw Failure(error)
        }
        try checkPlaces(outside: mountPoint)
        let account = try AccountConfiguration(command.account, environment: environment, secrets: secrets)
        let keys = try loadKeys(secrets)
        let credentials = try command.subaccounts.credentials(secrets)
        forgetInheritedSecrets()
        let folder = try CacheFolder.path(
            option: command.cacheDir, account: account.account, region: account.region, environment: environment)

        let metrics = MountMetrics.registry()
        let transfer = try makeTransfer(metrics)
        defer { transfer.shutDown() }
        let client = TwilioClient(
            account: account.account, credential: account.credential, endpoints: account.endpoints, transfer: transfer)
        try verify(client)

        let main = OpenedAccount(
            client: client, catalog: try openCatalog(of: account.account, region: account.region, window))
        var subaccounts: [OpenedAccount]?
        if command.subaccounts.subaccounts {
            subaccounts = try Subaccounts(client: client, window: window, credentials: credentials, logger: logger)
                .open { (sid, window) throws(Failure) in try openCatalog(of: sid, region: account.region, window) }
        }
        let recorder = try MediaRecorder(
            catalog: main.catalog,
            subaccounts: Dictionary(uniqueKeysWithValues: (subaccounts ?? []).map { ($0.client.account, $0.catalog) }),
            logger: logger)
        let diskCache = try openDiskCache()
        let library = try MediaLibrary(
            clients: TwilioClients(main: client, subaccounts: (subaccounts ?? []).map(\.client)), transfer: transfer,
            keys: keys, diskCache: diskCache, configuration: libraryConfiguration(spoolFolder: folder),
            observer: recorder, metrics: metrics, logger: logger)
        let maker = try BranchMaker(library: library, settings: command.window.settings, logger: logger(of:))
        let mainBranch = try maker.branch(of: main)
        let branches = try subaccounts?.map(maker.branch)
        let prober = SizeProber(branches: [mainBranch] + (branches ?? []), library: library, logger: logger)
        let readability = Readability(
            branches: [mainBranch] + (branches ?? []), library: library, isHiding: command.hideUnreadable,
            logger: logger)
        let gatherer = StatusGatherer(
            version: TwilioFS.version, account: account.account, mounted: .now, catalog: main.catalog,
            synchronizer: mainBranch.synchronizer, subaccounts: branches ?? [], library: library, transfer: transfer,
            metrics: metrics)
        let tree = FileTree(
            parts: FileTree.Parts(
                main: mainBranch, subaccounts: branches, library: library, gatherer: gatherer,
                readability: readability),
            ownership: Ownership(
                user: command.user ?? options.user ?? getuid(), group: command.group ?? options.group ?? getgid(),
                mask: mask ?? options.mask ?? 0o077),
            version: TwilioFS.version, logger: logger)

        let session: FileSystemSession
        signals.hold()
        do {
            session = try FileSystemSession(
                tree: tree, mountPoint: mountPoint.path, source: "twilio:\(account.account)",
                options: options.others + (allowsOthers ? ["allow_other"] : []), threadCount: threadCount,
                metrics: metrics, logger: logger)
        } catch let error as FileSystemError {
            throw Failure(error)
        }
        recorder.onInvalidation { [weak session, weak tree] sid, account in
            if let inode = tree?.noteChange(ofMedia: sid, of: account) { session?.expire([inode]) }
        }
        tree.onRemoval { [weak session] inodes in session?.expire(inodes) }
        gatherer.askForWaitingRequests { [weak session] in session?.waitingRequests ?? 0 }
        gatherer.askForUnreadable { [weak readability] in readability?.unreadable ?? [] }
        do {
            for branch in [mainBranch] + (branches ?? []) { try branch.synchronizer.start() }
            if command.window.probing { try prober.start() }
            try readability.start()
        } catch {
            // The system has no thread left. Without a process the mount would be a dead one.
            session.unmount()
            session.finish()
            throw error
        }
        // Files that are still open would keep libfuse's threads waiting: a signal ends the mount all the same.
        signals.onUnmount { session.unmount() }
        logger.info("mounted \(account.account) on \(mountPoint.path)")
        if let descriptor = command.readyDescriptor {
            if log.isUnheard {
                warn("nothing is logged as long as no system log listens at \(SystemLog.path): give --log-file")
            }
            // The log has them later, where nobody who mounts looks.
            // Who mounts without a key knows it, unless files are missing for that.
            if !command.isWithoutKey || command.hideUnreadable {
                for sentence in readability.sentences(within: Self.patienceForFindings) {
                    Failure.show("warning: \(sentence)")
                }
            }
            // What goes wrong with the log is said while there is a terminal.
            log.flush()
            do {
                guard session.isMounted else {
                    throw Failure(.mountPoint, "'\(mountPoint.path)' was unmounted before anybody could use it")
                }
                try Background.detach(telling: descriptor)
            } catch {
                session.unmount()
                session.finish()
                throw error
            }
        }

        session.wait()
        logger.info("unmounted \(mountPoint.path)")
        // What waits for the network gets its end first, then those who wait for them.
        transfer.shutDown()
        prober.shutDown()
        readability.shutDown()
        maker.shutDown()
        library.shutDown()
        diskCache?.shutDown()
        recorder.shutDown()
        session.finish()
    }

    /// The logger of an account: where there are subaccounts, its lines say which one they are about.
    private func logger(of account: SID) -> Logger {
        guard command.subaccounts.subaccounts else { return logger }
        var named = logger
        named[metadataKey: "account"] = "\(account)"
        return named
    }

    /// Logs a warning that the person who mounts should see as well.
    private func warn(_ sentence: String) {
        logger.warning("\(sentence)")
        // In the foreground it may have been shown just now.
        if command.readyDescriptor != nil || command.logFile != nil { Failure.show("warning: \(sentence)") }
    }

    /// Leaves no secret where others find it: in the environment, or in pipes of the process that started this one.
    private func forgetInheritedSecrets() {
        Environment.wipeSecrets()
        guard command.readyDescriptor != nil else { return }
        for descriptor in SecretDescriptors.named(in: command.secretFiles) { close(descriptor) }
    }

    /// Threads that decrypt, and as many that serve the kernel's requests; with more than a few the kernel is the
    /// limit.
    private var threadCount: Int { min(8, max(2, ProcessInfo.processInfo.activeProcessorCount)) }

    private func libraryConfiguration(spoolFolder: String) throws(Failure) -> MediaLibrary.Configuration {
        var configuration = MediaLibrary.Configuration(spoolFolder: spoolFolder, threadCount: threadCount)
        let least = MediaLibrary.Configuration.leastMemory(threadCount: threadCount)
        guard command.memory.bytes >= least else {
            throw Failure(
                .configuration,
                "--memory \(command.memory) is too little: \(ByteSize(bytes: Int64(least))) are needed here at least")
        }
        configuration.memory = Int(command.memory.bytes)
        configuration.integrityMode = command.integrity
        configuration.strictLimit = command.strictLimit.bytes
        return configuration
    }

    private func openCatalog(
        of account: SID, region: String?, _ window: CatalogWindow
    ) throws(Failure) -> Catalog {
        let folder = try CacheFolder.path(
            option: command.cacheDir, account: account, region: region, environment: environment)
        do throws(CatalogError) {
            return try Catalog(folder: folder, window: window, logger: logger(of: account))
        } catch {
            throw Failure(.cache, error.message)
        }
    }

    /// Opens the disk cache, unless it is switched off.
    private func openDiskCache() throws(Failure) -> DiskCache? {
        guard command.cacheSize.bytes > 0 else { return nil }
        let root = try CacheFolder.root(option: command.cacheDir, environment: environment)
        do throws(DiskCacheError) {
            return try DiskCache(
                folder: CacheFolder.ciphertext(root), limit: command.cacheSize.bytes,
                minimumFree: command.cacheMinFree.bytes, logger: logger)
        } catch {
            throw Failure(.cache, error.message)
        }
    }

    private static func forbidCoreDumps() throws(Failure) {
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        guard setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0, twiliofs_disable_core_dumps() == 0
        else {
            throw Failure(.other, "core dumps can't be switched off: \(String(cString: strerror(errno)))")
        }
    }

    private func loadKeys(_ secrets: SecretReader) throws(Failure) -> KeyRing {
        if command.isWithoutKey {
            guard command.keys.isEmpty else {
                throw Failure(.configuration, "give either --key or --no-key, not both")
            }
            return KeyRing([])
        }
        guard !command.keys.isEmpty else {
            throw Failure(
                .privateKey,
                "no private key was given: name its file with --key, or give --no-key to mount without; encrypted files"
                    + " can't be opened then")
        }
        if SecureHeap.initialize() != .locked {
            warn("private keys are in memory that may be swapped out: raise the limit 'memlock' (ulimit -l)")
        }
        var reader = PrivateKeys(secrets: secrets, passphraseFile: command.keyPassphraseFile)
        return try reader.load(command.keys)
    }

    /// Refuses a mount that would have to wait for itself: what it writes mustn't be in it.
    private func checkPlaces(outside mountPoint: MountPoint) throws(Failure) {
        let root = try CacheFolder.root(option: command.cacheDir, environment: environment)
        let authorities = command.account.certificateAuthorityFile(environment)
        let places = [
            (root, "the cache folder"), (command.logFile, "the log file"),
            (authorities, "the file of certificate authorities"),
        ]
        for (path, what) in places { try CacheFolder.check(path, what: what, isOutside: mountPoint.path) }
        guard !CacheFolder.holds(mountPoint.path, root: root) else {
            throw Failure(
                .mountPoint,
                "the mount point '\(mountPoint.path)' is in the cache folder '\(root)': choose another directory")
        }
        try CacheFolder.check(
            FileManager.default.temporaryDirectory.path, what: "the folder for temporary files",
            isOutside: mountPoint.path)
    }

    private func makeTransfer(_ metrics: any MetricsFactory) throws(Failure) -> TransferClient {
        do throws(TransferError) {
            return try TransferClient(
                TransferClient.Configuration(
                    certificateAuthorityFile: command.account.certificateAuthorityFile(environment).map(
                        CacheFolder.absolute),
                    certificateAuthoritySource: command.account.certificateAuthoritySource(environment),
                    userAgent: "twiliofs/\(TwilioFS.version)"),
                metrics: metrics, logger: logger)
        } catch {
            throw Failure(.configuration, error.message)
        }
    }

    /// Asks Twilio for something small, so that wrong credentials are said now and not at the first `ls`.
    private func verify(_ client: TwilioClient) throws(Failure) {
        var patience = Patience()
        patience.giveUp = .seconds(10)
        // At boot the network may come a moment later.
        patience.outage = patience.giveUp
        do throws(TwilioError) {
            try client.verifyCredentials(patience: patience)
        } catch {
            throw Failure(error)
        }
    }
}
