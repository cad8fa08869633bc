import CLinux
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
    private let environment = Environment()
    private let log: LogOutput
    private let logger: Logger

    init(_ command: MountCommand) throws(Failure) {
        self.command = command
        // In the background, all lines go to the system's log: the terminal shows only the reason of a failure.
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
        // First, before the memory holds secrets and before threads inherit the signal mask.
        try Self.forbidCoreDumps()
        _ = twiliofs_keep_freed_memory()
        if let descriptor = command.readyDescriptor { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        // Also after a failure.
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
        try MountPoint.checkAvailability(allowsOthers: allowsOthers)
        let mountPoint = try MountPoint(command.mountPoint, allowsContents: options.allowsContents)
        try checkPlaces(outside: mountPoint)
        let account = try AccountConfiguration(command.account, environment: environment, secrets: secrets)
        let keys = try loadKeys(secrets)
        let credentials = try command.subaccounts.credentials(secrets)
        forgetInheritedSecrets()
        let catalogFolder = { (sid: SID) throws(Failure) in
            try CacheFolder.path(
                option: command.cacheDir, account: sid, region: account.region, environment: environment)
        }

        var settings = MountSettings(
            version: TwilioFS.version, account: account.account, credentials: FixedCredential(account.credential),
            endpoints: account.endpoints, transfer: transferConfiguration, keys: keys,
            media: try mediaConfiguration(spoolFolder: try catalogFolder(account.account)),
            ownership: Ownership(
                user: command.user ?? options.user ?? getuid(), group: command.group ?? options.group ?? getgid(),
                mask: mask ?? options.mask ?? MountDefaults.mask),
            mountPoint: mountPoint.path, threadCount: threadCount)
        settings.options = options.others + (allowsOthers ? ["allow_other"] : [])
        settings.window = window
        settings.sync = command.window.settings
        settings.linkNames = command.window.linkNames
        settings.isProbing = command.window.probing
        settings.isHidingUnreadable = command.hideUnreadable
        settings.subaccountCredentials = credentials?.mapValues(FixedCredential.init)
        if command.cacheSize.bytes > 0 {
            let root = try CacheFolder.root(option: command.cacheDir, environment: environment)
            settings.diskCache = (CacheFolder.ciphertext(root), command.cacheSize.bytes, command.cacheMinFree.bytes)
        }
        let mount = try AccountMount(settings, logger: logger, catalogFolder: catalogFolder)
        defer { mount.stop() }
        signals.hold()
        try mount.mount()
        signals.onUnmount(mount.unmounting)
        try announce(mount, on: mountPoint)
        mount.wait()
    }

    /// Prints warnings of unreadable recordings, then lets the waiting process return.
    private func announce(_ mount: AccountMount, on mountPoint: MountPoint) throws {
        guard let descriptor = command.readyDescriptor else { return }
        if log.isUnheard {
            warn("nothing is logged as long as no system log listens at \(SystemLog.path): give --log-file")
        }
        // The log has them too, but a person looks at the terminal. A mount without keys needs no warning of missing
        // keys, unless it hides files.
        if !command.isWithoutKey || command.hideUnreadable {
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
    private func warn(_ sentence: String) {
        logger.warning("\(sentence)")
        // In the foreground, the log itself may be the terminal.
        if command.readyDescriptor != nil || command.logFile != nil { Failure.show("warning: \(sentence)") }
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

    private func loadKeys(_ secrets: SecretReader) throws(Failure) -> KeyRing {
        if command.isWithoutKey {
            guard command.keys.isEmpty else { throw Failure(.configuration, "give either --key or --no-key, not both") }
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
