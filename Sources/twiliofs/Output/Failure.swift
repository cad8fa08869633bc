import ArgumentParser
import Glibc
import Support

/// The reason of the program's end, with its exit status.
typealias Failure = CodedError<FailureStatus>

/// The program's exit statuses, which the manual lists; their meanings never change.
enum FailureStatus: Int32, ErrorCode {
    /// A reason without its own status.
    case other = 1
    /// The mount point can't be used for a mount, or its mount is missing, dead or can't be read.
    case mountPoint = 10
    /// There is no FUSE, or this user may not use it.
    case fuseUnavailable = 11
    /// Credentials are missing, incomplete or refused.
    case credentials = 12
    /// A private key is missing or can't be used.
    case privateKey = 13
    /// A private key's passphrase is missing or wrong.
    case passphrase = 14
    /// Twilio is unreachable or refuses a request, its certificate isn't trusted, or the answer isn't from its API.
    case unreachable = 15
    /// The cache folder or the catalog can't be used.
    case cache = 16
    /// Settings conflict or are invalid, or a limit of the system is too low.
    case configuration = 17
    /// The process that was to serve the mount has crashed (EX_SOFTWARE of sysexits.h).
    case crash = 70
    /// ArgumentParser's status for a wrong command line (EX_USAGE of sysexits.h).
    case usage = 64
}

extension Failure {
    /// Prints the reason, and returns the error that ends a command.
    func report() -> ExitCode {
        Self.show(message)
        return ExitCode(code.rawValue)
    }

    /// Prints a sentence after the program's name; no quoted text breaks the line or steers the terminal.
    static func show(_ sentence: String) {
        WholeWriting.write("twiliofs: \(ForeignText.singleLine(sentence))\n", to: STDERR_FILENO)
    }
}
