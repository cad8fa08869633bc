import ArgumentParser
import Logging
import Media

/// `twiliofs mount`.
struct MountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mount",
        abstract: "Mount an account's recordings on an empty directory.",
        discussion: """
            Returns once the mount is usable, at most two seconds later; a background process serves it until it is \
            unmounted. Secrets come from files, the environment or a prompt, never from the command line.

            Example:
              twiliofs mount --account-sid AC… --auth-token-file token --key private_key.pem ~/twilio
            """
    )

    @OptionGroup var account: AccountOptions
    @OptionGroup var subaccounts: SubaccountOptions
    @OptionGroup var external: ExternalMediaOptions
    @OptionGroup var window: WindowOptions
    @OptionGroup var keys: KeyOptions

    @Flag(help: "Refuse secret files that others own or can read, instead of warning about them.")
    var strictPermissions = false
    @Flag(help: "Hide recordings that can't be read: no private key for them, or media outside of Twilio.")
    var hideUnreadable = false
    @Flag(name: [.customShort("f"), .long], help: "Stay in the foreground and log to standard error.")
    var foreground = false

    @Option(help: .value("folder", "The folder of the catalog and the disk cache.", default: CacheFolder.standard))
    var cacheDir: String?

    @Option(
        help: .value(
            "size", "Size limit of the disk cache of ciphertext; 0 turns it off.",
            default: MountDefaults.cacheSize.argument, note: "Suffixes are powers of 1024."),
        transform: ByteSize.parse)
    var cacheSize = MountDefaults.cacheSize

    @Option(
        help: .value(
            "size", "Free space that the disk cache leaves on its file system.",
            default: MountDefaults.cacheMinFree.argument),
        transform: ByteSize.parse)
    var cacheMinFree = MountDefaults.cacheMinFree

    @Option(
        help: .value(
            "size", "Memory limit for media.", default: MountDefaults.memory.argument,
            note: "The buffers of connections and the catalog come on top."),
        transform: ByteSize.parse)
    var memory = MountDefaults.memory

    @Option(
        help: .value(
            "seconds", "Time without progress after which a read, or any other request to a server, fails.",
            default: "\(MountDefaults.timeout)",
            note: "At least \(Timeout.range.lowerBound), at most \(Timeout.range.upperBound)."),
        transform: Timeout.parse)
    var timeout = MountDefaults.timeout

    @Option(
        help: .value(
            "mode", "When bytes of authenticated files are released: auto, strict or deferred.",
            default: "\(MountDefaults.integrity.rawValue), which is strict up to --strict-limit"),
        transform: IntegrityMode.parse)
    var integrity = MountDefaults.integrity

    @Option(
        help: .value(
            "size", "The largest file for which auto is strict.", default: MountDefaults.strictLimit.argument),
        transform: ByteSize.parse)
    var strictLimit = MountDefaults.strictLimit

    @Flag(help: "Let other users access the mount; file modes apply.")
    var allowOther = false

    @Flag(help: "Take over the place of a mount of the same account, without a moment when nothing is there.")
    var replace = false

    @Option(name: .customLong("uid"), help: .value("number", "Owner of the files.", default: "the mounting user"))
    var user: UInt32?

    @Option(
        name: .customLong("gid"),
        help: .value("number", "Group of the files.", default: "the mounting user's group"))
    var group: UInt32?

    @Option(
        name: .customLong("umask"),
        help: .value(
            "bits", "Permission bits to remove, in octal.", default: "0\(String(MountDefaults.mask, radix: 8))"))
    var mask: String?

    @Option(
        name: .customLong("user"),
        help: .value("name", "The user to become after root has mounted; the files are theirs.", default: "stay root"))
    var servingUser: String?

    @Flag(help: "Let the process reach all files of its user, not only those that it needs.")
    var noLandlock = false

    @Option(name: .customShort("o"), help: .value("options", "Mount options, separated by commas."))
    var mountOptions: [String] = []

    @Option(
        help: .value(
            "level", "Lowest level that is logged: trace, debug, info, notice, warning, error or critical.",
            default: MountDefaults.logLevel.rawValue),
        transform: Logger.Level.parse)
    var logLevel = MountDefaults.logLevel

    @Option(help: .value("format", "Format of log lines."))
    var logFormat: LogFormat = .text

    @Option(
        help: .value(
            "file", "A file to append the log to; reopened on SIGHUP.",
            default: "the system's log, or standard error in the foreground"))
    var logFile: String?

    /// The descriptor for the background process's report that the mount answers.
    @Option(help: .hidden)
    var readyDescriptor: Int32?
    @Argument(help: .value("mountpoint", "The directory to mount on."))
    var mountPoint: String

    func run() throws {
        if foreground || readyDescriptor != nil {
            try Mount(self).run()
        } else {
            try Background.start(keeping: SecretDescriptors.named(in: secretFiles))
        }
    }
}

extension MountCommand {
    /// Whether private keys are to be read.
    var needsPrivateKeys: Bool {
        !keys.files.isEmpty && !keys.isWithoutKey || !account.signingKeys.isEmpty
    }
}

extension IntegrityMode {
    /// Reads a mode from the command line.
    static func parse(_ text: String) throws -> IntegrityMode {
        guard let mode = IntegrityMode(rawValue: text) else {
            throw ValidationError("'\(text)' is not an integrity mode: give auto, strict or deferred")
        }
        return mode
    }
}
