import ArgumentParser
import Glibc
import Support

/// The command.
@main
struct TwilioFS: ParsableCommand {
    /// The version of this program.
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "twiliofs",
        abstract: "Mount a Twilio account's recordings as ordinary, decrypted files.",
        discussion: """
            Recordings encrypted with your public key are decrypted on the fly with your private key; plaintext never \
            touches the disk. twiliofs(1) describes everything.
            """,
        version: "twiliofs \(version)",
        subcommands: [MountCommand.self, UnmountCommand.self, StatusCommand.self, CacheCommand.self]
    )

    /// Runs the command that the arguments name.
    static func main() {
        CrashSignals.restoreDefaults()
        // libcurl would write the keys of all TLS connections to the file that it names. Removed here, since the
        // environment can be changed safely only as long as there are no other threads.
        unsetenv("SSLKEYLOGFILE")
        StandardDescriptors.openClosed()
        if let failure = OpenFileLimit.raiseOrRefuse() { Glibc.exit(failure.report().rawValue) }
        // The kernel names a process after the file that it was started from: /proc/self/exe in the background.
        NamedThread.nameCurrent("twiliofs")
        Environment.trimProxies()
        do {
            do throws(Failure) {
                try ProgramArguments.check()
            } catch {
                throw error.report()
            }
            var command = try parseAsRoot()
            try command.run()
        } catch {
            end(with: error)
        }
    }

    /// Ends as ArgumentParser does, but with a message in which no word of the command line steers the terminal.
    private static func end(with error: any Error) -> Never {
        let status = exitCode(for: error).rawValue
        let message = ProgramArguments.cleaned(fullMessage(for: error))
        if !message.isEmpty {
            WholeWriting.write(message + "\n", to: status == 0 ? STDOUT_FILENO : STDERR_FILENO)
        }
        Glibc.exit(status)
    }
}
