import ArgumentParser
import Glibc
import Support

/// The command.
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
        subcommands: [MountCommand.self, UnmountCommand.self, StatusCommand.self, CacheCommand.self]
    )

    /// Runs the command of the arguments.
    static func main() {
        CrashSignals.restoreDefaults()
        // libcurl would write the keys of all TLS connections to this file. A change of the environment is safe only
        // without other threads.
        unsetenv("SSLKEYLOGFILE")
        StandardDescriptors.openClosed()
        if let failure = OpenFileLimit.raiseOrRefuse() { Glibc.exit(failure.report().rawValue) }
        // The kernel would call the background process after its file, /proc/self/exe.
        NamedThread.nameCurrent("twiliofs")
        Environment.trimProxies()
        do {
            do throws(Failure) { try ProgramArguments.check() } catch { throw error.report() }
            var command = try parseAsRoot()
            try command.run()
        } catch {
            end(with: error)
        }
    }

    /// Ends as ArgumentParser does, but no word of the command line in its message steers the terminal.
    private static func end(with error: any Error) -> Never {
        let status = exitCode(for: error).rawValue
        let message = ProgramArguments.cleaned(fullMessage(for: error))
        if !message.isEmpty { WholeWriting.write(message + "\n", to: status == 0 ? STDOUT_FILENO : STDERR_FILENO) }
        Glibc.exit(status)
    }
}
