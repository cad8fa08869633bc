import ArgumentParser
import Support

/// A reason to end with, and the status to end with.
typealias Failure = CodedError<FailureStatus>

/// What the program's exit status says about why it ended.
///
/// The manual lists the statuses: they never change their meaning.
enum FailureStatus: Int32, ErrorCode {
    /// Something that has no status of its own.
    case other = 1

    /// The mount point is missing, not a directory, not empty, busy, or can't be mounted on by this user.
    case mountPoint = 10

    /// There is no FUSE, or this user may not use it.
    case fuseUnavailable = 11

    /// Credentials are missing, incomplete or refused.
    case credentials = 12

    /// A private key is missing or can't be used.
    case privateKey = 13

    /// A private key's passphrase is missing or wrong.
    case passphrase = 14

    /// Twilio can't be reached, its certificate isn't trusted, or what answers isn't its API.
    case unreachable = 15

    /// The cache folder or the catalog can't be used.
    case cache = 16

    /// Conflicting or invalid settings.
    case configuration = 17

    /// ArgumentParser's status for a wrong command line (EX_USAGE of sysexits.h).
    case usage = 64
}

extension Failure {
    /// Prints the reason and gives what a command throws to end.
    func report() -> ExitCode {
        Self.show(message)
        return ExitCode(code.rawValue)
    }

    /// Prints a sentence, under the program's name.
    ///
    /// A path or what a server says doesn't break the line or steer the terminal.
    static func show(_ sentence: String) {
        StandardError.write("twiliofs: \(ForeignText.singleLine(sentence))\n")
    }
}
