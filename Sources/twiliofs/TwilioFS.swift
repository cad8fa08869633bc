import ArgumentParser

/// The command.
@main
struct TwilioFS: ParsableCommand {
    /// The version of this program.
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "twiliofs",
        abstract: "Mount a Twilio account's recordings as ordinary, decrypted files.",
        discussion: """
            Recordings that Twilio has encrypted with your public key are decrypted with your private key while they \
            are read. Nothing decrypted is ever written to a disk. See twiliofs(1) for everything.
            """,
        version: "twiliofs \(version)",
        subcommands: [MountCommand.self, UnmountCommand.self, StatusCommand.self, CacheCommand.self]
    )
}
