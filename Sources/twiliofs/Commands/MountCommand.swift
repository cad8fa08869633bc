import ArgumentParser
import Logging
import Media
import Support

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
    @OptionGroup var window: WindowOptions

    @Option(
        name: .customLong("key"),
        help: ArgumentHelp(
            "A private key (PEM), optionally for one kind or for the public key with this SID. Repeatable.",
            valueName: "[voice:|video:][CR…=]file"))
    var keys: [String] = []

    @Option(help: ArgumentHelp("A file with the passphrase of the encrypted private keys.", valueName: "file"))
    var keyPassphraseFile: String?
    @Flag(name: .customLong("no-key"), help: "Mount without a private key; encrypted files can't be opened.")
    var isWithoutKey = false
    @Flag(help: "Refuse secret files that others own or can read, instead of warning about them.")
    var strictPermissions = false
    @Flag(help: "Hide recordings that can't be read: no private key for them, or media outside of Twilio.")
    var hideUnreadable = false
    @Flag(name: [.customShort("f"), .long], help: "Stay in the foreground and log to standard error.")
    var foreground = false

    @Option(
        help: ArgumentHelp(
            "The folder of the catalog and the disk cache.",
            discussion: "Default: $XDG_CACHE_HOME/twiliofs or ~/.cache/twiliofs.", valueName: "folder"))
    var cacheDir: String?

    @Option(
        help: ArgumentHelp(
            "Size limit of the disk cache of ciphertext; 0 turns it off.",
            discussion: "Default: \(MountDefaults.cacheSize.argument). Suffixes are powers of 1024.", valueName: "size"),
        transform: ByteSize.parse)
    var cacheSize = MountDefaults.cacheSize

    @Option(
        help: ArgumentHelp(
            "Free space that the disk cache leaves on its file system.",
            discussion: "Default: \(MountDefaults.cacheMinFree.argument).", valueName: "size"),
        transform: ByteSize.parse)
    var cacheMinFree = MountDefaults.cacheMinFree

    @Option(
        help: ArgumentHelp(
            "Memory limit for media.",
            discussion: """
                Default: \(MountDefaults.memory.argument). The buffers of connections and the catalog come on top.
                """, valueName: "size"),
        transform: ByteSize.parse)
    var memory = MountDefaults.memory

    @Option(
        help: ArgumentHelp(
            "When bytes of authenticated files are released: auto, strict or deferred.",
            discussion: "Default: \(MountDefaults.integrity.rawValue), which is strict up to --strict-limit.",
            valueName: "mode"),
        transform: IntegrityMode.parse)
    var integrity = MountDefaults.integrity

    @Option(
        help: ArgumentHelp(
            "The largest file for which auto is strict.",
            discussion: "Default: \(MountDefaults.strictLimit.argument).", valueName: "size"),
        transform: ByteSize.parse)
    var strictLimit = MountDefaults.strictLimit

    @Flag(help: "Let other users access the mount; file modes apply.")
    var allowOther = false

    @Option(
        name: .customLong("uid"),
        help: ArgumentHelp("Owner of the files.", discussion: "Default: the mounting user.", valueName: "number"))
    var user: UInt32?

    @Option(
        name: .customLong("gid"),
        help: ArgumentHelp(
            "Group of the files.", discussion: "Default: the mounting user's group.", valueName: "number"))
    var group: UInt32?

    @Option(
        name: .customLong("umask"),
        help: ArgumentHelp(
            "Permission bits to remove, in octal.",
            discussion: "Default: 0\(String(MountDefaults.mask, radix: 8)).", valueName: "bits"))
    var mask: String?

    @Option(name: .customShort("o"), help: ArgumentHelp("Mount options, separated by commas.", valueName: "options"))
    var mountOptions: [String] = []

    @Option(
        help: ArgumentHelp(
            "Lowest level that is logged: trace, debug, info, notice, warning, error or critical.",
            discussion: "Default: \(MountDefaults.logLevel.rawValue).", valueName: "level"),
        transform: Logger.Level.parse)
    var logLevel = MountDefaults.logLevel

    @Option(help: ArgumentHelp("Format of log lines.", valueName: "format"))
    var logFormat: LogFormat = .text

    @Option(
        help: ArgumentHelp(
            "A file to append the log to; reopened on SIGHUP.",
            discussion: "Default: the system's log, or standard error in the foreground.", valueName: "file"))
    var logFile: String?

    /// The descriptor for the background process's report that the mount answers.
    @Option(help: .hidden)
    var readyDescriptor: Int32?
    @Argument(help: ArgumentHelp("The directory to mount on.", valueName: "mountpoint"))
    var mountPoint: String

    func run() throws {
        do {
            if foreground || readyDescriptor != nil {
                try Mount(self).run()
            } else {
                try Background.start(keeping: SecretDescriptors.named(in: secretFiles))
            }
        } catch let status as ExitCode {
            throw status
        } catch {
            throw Failure(of: error).report()
        }
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
