import ArgumentParser
import Glibc
import Support

/// The command `twiliofs`.
@main
struct TwilioFS: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "twiliofs",
        abstract: "Mount a Twilio account's recordings as ordinary, decrypted files.",
        discussion: """
            Recordings encrypted with your public key are decrypted on the fly with your private key; plaintext never \
            touches the disk. twiliofs(1) describes everything.
            """,
        version: "twiliofs \(version)",
        subcommands: [
            MountCommand.self, UnmountCommand.self, StatusCommand.self, CacheCommand.self, DoorkeeperCommand.self,
            KeyProcessCommand.self, MountStateCommand.self, WatchCommand.self,
        ]
    )

    /// Runs the command of the arguments.
    static func main() {
        CrashSignals.restoreDefaults()
        // libcurl would write the keys of all TLS connections to the file that this variable names. No other thread
        // runs yet, so the environment may change.
        unsetenv("SSLKEYLOGFILE")
        StandardDescriptors.openClosed()
        do {
            try OpenFileLimit.raise()
            // Otherwise the kernel would name the background process `exe`, after the link /proc/self/exe.
            NamedThread.nameCurrent("twiliofs")
            Environment.trimProxies()
            try ProgramArguments.check()
            var command = try parseAsRoot()
            try command.run()
        } catch {
            Terminal.restore()
            end(with: Failure(of: error)?.report() ?? error)
        }
    }

    /// Ends as ArgumentParser does, but cleans its message, since quoted words could steer the terminal.
    private static func end(with error: any Error) -> Never {
        let status = exitCode(for: error).rawValue
        let message = ProgramArguments.cleaned(fullMessage(for: error))
        if !message.isEmpty { WholeWriting.write(message + "\n", to: status == 0 ? STDOUT_FILENO : STDERR_FILENO) }
        Glibc.exit(status)
    }
}
