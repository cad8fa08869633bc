import CLinux
import Credentials
import Envelope
import FileSystem
import FileTree
import Foundation
import Logging
import Media
import MountRuntime
import Support
import Transfer
import TwilioAPI

/// `twiliofs mount` in the serving process: prepares the process, checks the options, and runs the mount.
struct Mount {
    /// The longest wait of a background mount for unreadable recordings: time enough for small lists.
    private static let patienceForFindings = Duration.seconds(2)

    private let command: MountCommand
    private let options: MountOptionList
    private let keyProcesses: KeyProcesses
    private let environment: Environment
    private let log: LogOutput
    private let logFile: LogFile?
    private let logger: Logger
    private let serviceManager: ServiceManager
    /// The user whom the process becomes; nil if it stays who it is.
    private let user: ServingUser?
    /// Does what the confined process can't; nil if it is to be neither confined nor another user.
    private let doorkeeper: Doorkeeper?
    /// The environment that tells where the cache is.
    private let cacheEnvironment: Environment

    init(_ command: MountCommand) throws {
        self.command = command
        // These come first, since the environment mustn't change while other threads run.
        serviceManager = ServiceManager()
        let user = try ServingUser.chosen(command.servingUser)
        environment = Environment()
        cacheEnvironment = user.map(environment.forCache) ?? environment
        // SQLite's temporary files are in the cache folder, too: the process may use no other.
        setenv("SQLITE_TMPDIR", try CacheFolder.root(option: command.cacheDir, environment: cacheEnvironment), 1)
        self.user = user
        let logFile = try command.logFile.map { (path) throws(Failure) in
            try LogFile(CacheFolder.absolute(path), for: user)
        }
        self.logFile = logFile
        // In the background, the terminal shows only warnings and the reason of a failure, not the log.
        let destination: LogOutput.Destination =
            if let logFile { .file(logFile) } else { command.readyDescriptor == nil ? .standardError : .systemLog }
        CrashSignals.report(to: destination, as: command.logFormat, version: TwilioFS.version)
        try Self.prepareProcess(command)
        options = try MountOptionList(command.mountOptions)
        try MountPoint.checkAvailability(allowsOthers: command.allowOther || options.allowsOthers)
        // Before anything from the network is in the memory, and before there are other threads and what they open.
        let isConfined = !command.noLandlock && (try? Landlock()) != nil
        doorkeeper = isConfined || user != nil ? try Doorkeeper(for: user) : nil
        keyProcesses = KeyProcesses(doorkeeper: doorkeeper)
        if command.needsPrivateKeys {
            // It may prompt.
            Terminal.remember()
            try keyProcesses.startFirst(for: user)
        }
        log = LogOutput(format: command.logFormat, destination: destination, leastLevel: command.logLevel)
        logger = log.logger()
    }

    /// Mounts, serves until unmounted, and cleans up; throws ``Failure``, or the error of a part of the mount.
    func run() throws {
        // The log is flushed after a failure too.
        defer { log.flush() }
        let signals = try ProcessSignals(log: log, endsWithTerminal: command.readyDescriptor == nil)
        DispatchDescriptors.open()
        let landlock = command.noLandlock ? nil : Confinement.available(logger: logger)
        let rereading = try Rereading(logger: logger)
        defer { rereading.shutDown() }

        let mask = try command.mask.map { (text) throws(Failure) in
            try MountOptionList.mask(text, option: "--umask \(text)")
        }
        let window = try command.window.window()
        let mountPoint = try MountPoint(
            command.mountPoint, allowsContents: options.allowsContents, replaces: command.replace, user: user?.user
        ) { [doorkeeper] in doorkeeper?.mountState(of: $0) ?? MountState.find($0) }
        try checkPlaces(outside: mountPoint)
        let secrets = try MountSecrets(
            command.account, command.keys, command.subaccounts, command.external, environment: environment,
            secrets: secretReader(rereading), keyProcesses: keyProcesses, logger: logger)
        forgetInheritedSecrets()
        try user?.takeCacheFolder(command.cacheDir)
        try user?.begin()
        let catalogFolder = { (sid: SID) throws(Failure) in
            try CacheFolder.path(
                option: command.cacheDir, account: sid, region: secrets.account.region, environment: cacheEnvironment)
        }

        let ownership = Ownership(
            user: command.user ?? options.user ?? getuid(), group: command.group ?? options.group ?? getgid(),
            mask: mask ?? options.mask ?? MountDefaults.mask)
        var settings = try self.settings(of: secrets, on: mountPoint, ownership, catalogFolder: catalogFolder)
        settings.options = options.others + (command.allowOther || options.allowsOthers ? ["allow_other"] : [])
        settings.window = window
        settings.predecessor = mountPoint.predecessor
        if let doorkeeper { try use(doorkeeper, in: &settings) }
        let mount = try AccountMount(settings, logger: logger, catalogFolder: catalogFolder)
        settings.keys = KeyRing([])
        defer { mount.stop() }
        secrets.follow(in: mount, by: rereading)
        keyProcesses.whenEnded { [logger] sentence, mayReadAgain in
            logger.error("\(sentence)")
            if mayReadAgain { rereading.readIfChanged {} }
        }
        signals.hold()
        try mount.mount()
        try Self.unmounting(mount) {
            // libcurl has descriptors that aren't.
            try Background.closeOnExecution(except: [])
            // Before this process gives up the right to unmount, which the watch inherits.
            if options.removesDead { try startWatch(mount.identity) }
            try confine(landlock, mount.identity)
        }
        logger.info("mounted \(secrets.account.account) on \(mountPoint.path)")
        signals.onSignals(unmount: mount.unmounting) { rereading.readAll() }
        try Self.unmounting(mount) { try announce(mount, on: mountPoint) }
        serviceManager.tell("READY=1", "STATUS=\(secrets.account.account) is mounted on \(mountPoint.path)")
        try withExtendedLifetime(secrets) { () throws(FileSystemError) in try mount.wait() }
        serviceManager.tell("STOPPING=1", "STATUS=")
    }

    /// Sets and checks what belongs to the whole process.
    private static func prepareProcess(_ command: MountCommand) throws(Failure) {
        // These come before the memory holds secrets and before threads inherit the signal mask.
        try ProcessSecrecy.begin()
        _ = twiliofs_keep_freed_memory()
        // Whatever a library creates is the user's alone, as are this program's own files.
        umask(0o077)
        if let descriptor = command.readyDescriptor { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        try AddressSpaceLimit.check()
        try ThreadReserve.check()
    }

    /// Unmounts if something fails.
    private static func unmounting(_ mount: AccountMount, ifThisFails body: () throws -> Void) throws {
        do { try body() } catch {
            mount.unmounting()
            throw error
        }
    }

    /// Has the doorkeeper do what this process won't be able to do.
    private func use(_ doorkeeper: Doorkeeper, in settings: inout MountSettings) throws(Failure) {
        settings.unmounter = { (mount) throws(FileSystemError) in try doorkeeper.unmount(mount) }
        if let logFile {
            try doorkeeper.setLogFile(logFile.path)
            logFile.reopen { () throws(Failure) in try doorkeeper.openLogFile() }
        }
        if let user { settings.withMountRights = { try user.asRoot($0) } }
    }

    /// Starts the process that removes the mount when this one has died: as root if this one was.
    private func startWatch(_ mount: MountIdentity?) throws {
        let start = { try DeadMountWatch.start(mount) }
        if let user { try user.asRoot(entirely: true, start) } else { try start() }
    }

    /// Gives up the rights that were for mounting alone.
    private func confine(_ landlock: Landlock?, _ mount: MountIdentity?) throws(Failure) {
        guard let doorkeeper else { return }
        try user?.finish()
        if let mount { try doorkeeper.setMount(mount) }
        try doorkeeper.seal()
        do throws(SystemError) {
            try doorkeeper.whenEnded { [logger] in logger.error("\($0)") }
        } catch {
            throw Failure(.other, error.message)
        }
        // This user may be kept out of a folder with secrets. And a process that looks for a file on a hanging disk
        // can't end.
        FileStamp.look { doorkeeper.stamp(of: $0) }
        let root = try CacheFolder.root(option: command.cacheDir, environment: cacheEnvironment)
        let authorities = command.account.certificateAuthorities(environment)
        let file = authorities.map { CacheFolder.absolute($0.file) }
        let canBeOpened = file.map { access($0, R_OK) == 0 } ?? false
        try Confinement.begin(
            landlock, MountAccess.rules(cacheFolder: root, authorityFile: file), logger: logger)
        guard canBeOpened, let file, let source = authorities?.source else { return }
        try Confinement.check(file, "the file of certificate authorities", source)
    }

    /// The settings from the command line that need no check.
    private func settings(
        of secrets: MountSecrets, on mountPoint: MountPoint, _ ownership: Ownership,
        catalogFolder: (SID) throws(Failure) -> String
    ) throws(Failure) -> MountSettings {
        let (account, credentials) = (secrets.account, secrets.credentials)
        var settings = MountSettings(
            version: TwilioFS.version, account: account.account, credentials: credentials.main,
            endpoints: account.endpoints, transfer: transferConfiguration(secrets), keys: secrets.ring,
            media: try mediaConfiguration(spoolFolder: try catalogFolder(account.account)),
            ownership: ownership, mountPoint: mountPoint.path, threadCount: threadCount)
        settings.sync = command.window.settings
        settings.linkNames = command.window.linkNames
        settings.isProbing = command.window.probing
        settings.isHidingUnreadable = command.hideUnreadable
        settings.externalMedia = secrets.externalMedia
        settings.keyProcess = keyProcesses.status(lostKeys: secrets.lostKeys)
        settings.videoCredentials = credentials.video
        settings.subaccountCredentials = credentials.subaccounts
        if command.cacheSize.bytes > 0 {
            let root = try CacheFolder.root(option: command.cacheDir, environment: cacheEnvironment)
            settings.diskCache = (CacheFolder.ciphertext(root), command.cacheSize.bytes, command.cacheMinFree.bytes)
        }
        return settings
    }

    /// Prints warnings of unreadable recordings, then lets the waiting process return.
    private func announce(_ mount: AccountMount, on mountPoint: MountPoint) throws {
        // The log has it, too.
        if let predecessor = mountPoint.predecessor, isTerminalFree {
            Failure.show(predecessor.sentence(on: mountPoint.path))
        }
        guard let descriptor = command.readyDescriptor else { return }
        if log.isUnheard {
            warn("nothing is logged as long as no system log listens at \(SystemLog.path): give --log-file")
        }
        // The log has them too, but a person looks at the terminal. A mount without keys needs no warning of missing
        // keys, unless it hides files.
        if !command.keys.isWithoutKey || command.hideUnreadable {
            for sentence in mount.unreadableSentences(within: Self.patienceForFindings) {
                Failure.show("warning: \(sentence)")
            }
        }
        // The log's own errors still reach the terminal here.
        log.flush()
        guard mount.isMounted else {
            throw Failure(.mountPoint, "'\(mountPoint.path)' was unmounted before anybody could use it")
        }
        try Background.detach(telling: descriptor)
    }

    /// Logs a warning, and shows it on the terminal.
    private func warn(_ sentence: String) { warning(sentence) }

    /// The function that ``warn(_:)`` calls, for other threads too.
    private var warning: @Sendable (String) -> Void {
        { [logger, isTerminalFree] sentence in
            logger.warning("\(sentence)")
            if isTerminalFree { Failure.show("warning: \(sentence)") }
        }
    }

    /// Whether the terminal isn't the log itself, as it may be in the foreground.
    private var isTerminalFree: Bool { command.readyDescriptor != nil || command.logFile != nil }

    private func secretReader(_ rereading: Rereading) -> SecretReader {
        SecretReader(
            isStrict: command.strictPermissions, credentialsFolder: environment["CREDENTIALS_DIRECTORY"],
            rereading: rereading, doorkeeper: doorkeeper, warn: warning)
    }

    /// Removes secrets from the environment, and closes the parent's pipes with secrets.
    private func forgetInheritedSecrets() {
        Environment.wipeSecrets()
        guard command.readyDescriptor != nil else { return }
        for descriptor in SecretDescriptors.named(in: command.secretFiles) { close(descriptor) }
    }

    private var threadCount: Int { AccountMount.threadCount(processors: ProcessInfo.processInfo.activeProcessorCount) }

    private func mediaConfiguration(spoolFolder: String) throws(Failure) -> MediaLibrary.Configuration {
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

    /// Refuses a mount that contains its own files, and so would wait for itself.
    private func checkPlaces(outside mountPoint: MountPoint) throws(Failure) {
        let root = try CacheFolder.root(option: command.cacheDir, environment: cacheEnvironment)
        let authorities = command.account.certificateAuthorities(environment)?.file
        let places: [(String?, String)] =
            [
                (root, "the cache folder"), (command.logFile, "the log file"),
                (authorities, "the file of certificate authorities"),
            ] + command.secretFiles.map { ($0, "the file with a secret") }
        for (path, what) in places { try CacheFolder.check(path, what: what, isOutside: mountPoint.path) }
        // What is mounted there already may not answer, and no folder of the cache is in it.
        let isInCache = CacheFolder.holds(mountPoint.path, root: root, isMounted: mountPoint.predecessor != nil)
        guard !isInCache else {
            throw Failure(
                .mountPoint,
                "the mount point '\(mountPoint.path)' is in the cache folder '\(root)': choose another directory")
        }
        try CacheFolder.check(
            FileManager.default.temporaryDirectory.path, what: "the folder for temporary files",
            isOutside: mountPoint.path)
    }

    private func transferConfiguration(_ secrets: MountSecrets) -> TransferClient.Configuration {
        let authorities = command.account.certificateAuthorities(environment)
        var configuration = TransferClient.Configuration(
            certificateAuthorityFile: authorities.map { CacheFolder.absolute($0.file) },
            certificateAuthoritySource: authorities?.source, userAgent: "twiliofs/\(TwilioFS.version)")
        configuration.timeout = .seconds(command.timeout)
        let (given, external) = (secrets.account.endpoints.givenHosts, secrets.externalMedia)
        configuration.isNamedByUser = { given.contains($0) || external?.names($0) == true }
        return configuration
    }
}
