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
    private let keyProcesses: KeyProcesses
    private let environment = Environment()
    private let log: LogOutput
    private let logger: Logger

    init(_ command: MountCommand, _ keyProcesses: KeyProcesses) throws(Failure) {
        self.command = command
        self.keyProcesses = keyProcesses
        // In the background, the terminal shows only warnings and the reason of a failure, not the log.
        let destination: LogOutput.Destination
        if let path = command.logFile {
            destination = .file(try LogFile(CacheFolder.absolute(path)))
        } else {
            destination = command.readyDescriptor == nil ? .standardError : .systemLog
        }
        log = LogOutput(format: command.logFormat, destination: destination, leastLevel: command.logLevel)
        logger = log.logger()
    }

    /// Mounts, serves until unmounted, and cleans up; throws ``Failure``, or the error of a part of the mount.
    func run() throws {
        // These come before the memory holds secrets and before threads inherit the signal mask.
        try Self.forbidCoreDumps()
        _ = twiliofs_keep_freed_memory()
        // The log is flushed after a failure too.
        defer { log.flush() }
        try AddressSpaceLimit.check()
        try ThreadReserve.check()
        let signals = try ProcessSignals(log: log, endsWithTerminal: command.readyDescriptor == nil)
        let rereading = try Rereading(logger: logger)
        defer { rereading.shutDown() }

        let options = try MountOptionList(command.mountOptions)
        let mask = try command.mask.map { (text) throws(Failure) in
            try MountOptionList.mask(text, option: "--umask \(text)")
        }
        let window = try command.window.window()
        let allowsOthers = command.allowOther || options.allowsOthers
        try MountPoint.checkAvailability(allowsOthers: allowsOthers)
        let mountPoint = try MountPoint(command.mountPoint, allowsContents: options.allowsContents)
        try checkPlaces(outside: mountPoint)
        let secrets = try MountSecrets(
            command.account, command.keys, command.subaccounts, command.external, environment: environment,
            secrets: secretReader(rereading), keyProcesses: keyProcesses, logger: logger)
        forgetInheritedSecrets()
        let catalogFolder = { (sid: SID) throws(Failure) in
            try CacheFolder.path(
                option: command.cacheDir, account: sid, region: secrets.account.region, environment: environment)
        }

        let ownership = Ownership(
            user: command.user ?? options.user ?? getuid(), group: command.group ?? options.group ?? getgid(),
            mask: mask ?? options.mask ?? MountDefaults.mask)
        var settings = try self.settings(of: secrets, on: mountPoint, ownership, catalogFolder: catalogFolder)
        settings.options = options.others + (allowsOthers ? ["allow_other"] : [])
        settings.window = window
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
        signals.onSignals(unmount: mount.unmounting) { rereading.readAll() }
        try announce(mount, on: mountPoint)
        withExtendedLifetime(secrets) { mount.wait() }
    }

    /// The settings from the command line that need no check.
    private func settings(
        of secrets: MountSecrets, on mountPoint: MountPoint, _ ownership: Ownership,
        catalogFolder: (SID) throws(Failure) -> String
    ) throws(Failure) -> MountSettings {
        let (account, credentials) = (secrets.account, secrets.credentials)
        var settings = MountSettings(
            version: TwilioFS.version, account: account.account, credentials: credentials.main,
            endpoints: account.endpoints, transfer: transferConfiguration, keys: secrets.ring,
            media: try mediaConfiguration(spoolFolder: try catalogFolder(account.account)),
            ownership: ownership, mountPoint: mountPoint.path, threadCount: threadCount)
        settings.sync = command.window.settings
        settings.linkNames = command.window.linkNames
        settings.isProbing = command.window.probing
        settings.isHidingUnreadable = command.hideUnreadable
        settings.externalMedia = secrets.externalMedia
        settings.keyProcess = keyProcesses.state
        settings.videoCredentials = credentials.video
        settings.subaccountCredentials = credentials.subaccounts
        if command.cacheSize.bytes > 0 {
            let root = try CacheFolder.root(option: command.cacheDir, environment: environment)
            settings.diskCache = (CacheFolder.ciphertext(root), command.cacheSize.bytes, command.cacheMinFree.bytes)
        }
        return settings
    }

    /// Prints warnings of unreadable recordings, then lets the waiting process return.
    private func announce(_ mount: AccountMount, on mountPoint: MountPoint) throws {
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
        do {
            guard mount.isMounted else {
                throw Failure(.mountPoint, "'\(mountPoint.path)' was unmounted before anybody could use it")
            }
            try Background.detach(telling: descriptor)
        } catch {
            mount.unmounting()
            throw error
        }
    }

    /// Logs a warning, and shows it on the terminal.
    private func warn(_ sentence: String) { warning(sentence) }

    /// The function that ``warn(_:)`` calls, for other threads too.
    private var warning: @Sendable (String) -> Void {
        // In the foreground, the log itself may be the terminal.
        let isShown = command.readyDescriptor != nil || command.logFile != nil
        return { [logger] sentence in
            logger.warning("\(sentence)")
            if isShown { Failure.show("warning: \(sentence)") }
        }
    }

    private func secretReader(_ rereading: Rereading) -> SecretReader {
        SecretReader(
            isStrict: command.strictPermissions, credentialsFolder: environment["CREDENTIALS_DIRECTORY"],
            rereading: rereading, warn: warning)
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

    private static func forbidCoreDumps() throws(Failure) {
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        guard setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0, twiliofs_disable_core_dumps() == 0
        else { throw Failure(.other, "core dumps can't be switched off: \(SystemErrorCode.current)") }
    }

    /// Refuses a mount that contains its own files, and so would wait for itself.
    private func checkPlaces(outside mountPoint: MountPoint) throws(Failure) {
        let root = try CacheFolder.root(option: command.cacheDir, environment: environment)
        let authorities = command.account.certificateAuthorities(environment)?.file
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

    private var transferConfiguration: TransferClient.Configuration {
        let authorities = command.account.certificateAuthorities(environment)
        return TransferClient.Configuration(
            certificateAuthorityFile: authorities.map { CacheFolder.absolute($0.file) },
            certificateAuthoritySource: authorities?.source, userAgent: "twiliofs/\(TwilioFS.version)")
    }
}
