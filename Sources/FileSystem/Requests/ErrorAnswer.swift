import FileTree
import Glibc
import Logging
import Media

/// The reasons for answering a request with an error.
enum RequestErrorCode: Hashable, Sendable, CaseIterable {
    /// The tree failed.
    case tree(FileTreeErrorCode)
    /// The deadline passed without an answer.
    case deadline
    /// The waiting program is about to end.
    case interrupted
    /// The caller's buffer is too small for an extended attribute's value or for the list of names.
    case smallBuffer

    /// All reasons, in the order of the manual's table.
    static let allCases: [RequestErrorCode] =
        ([
            .notFound, .stale, .isDirectory, .notDirectory, .invalid, .readOnly, .refused, .noAttribute, .inputOutput,
        ] + MediaErrorCode.allCases.map { .media($0) }).map { .tree($0) } + [.deadline, .interrupted, .smallBuffer]
}

/// A value of `errno` and its name (errno(3)).
struct ErrorNumber: Hashable, Sendable {
    let rawValue: Int32
    let name: String
}

/// The answer to a failed request: its errno, the level of its log line, and the reason.
struct ErrorAnswer: Sendable {
    /// The errno that the program gets.
    let number: ErrorNumber
    /// The level of the log line; nil for errors that need no explanation, which aren't logged.
    let level: Logger.Level?
    /// The reason, as in the manual.
    let reason: String

    private init(_ number: Int32, _ name: String, _ level: Logger.Level?, _ reason: String) {
        self.number = ErrorNumber(rawValue: number, name: name)
        self.level = level
        self.reason = reason
    }

    /// The only table of errors; the manual repeats it, and a test compares the two.
    init(_ code: RequestErrorCode) {
        self =
            switch code {
            case .tree(.media(let code)): Self(code)
            case .tree(.notFound): Self(ENOENT, "ENOENT", nil, "there is no such file or recording")
            // Deleted or changed at Twilio: no failure.
            case .tree(.stale): Self(ESTALE, "ESTALE", .info, "the recording is deleted, or its resource has changed")
            case .tree(.isDirectory): Self(EISDIR, "EISDIR", nil, "a directory is opened as a file")
            case .tree(.notDirectory): Self(ENOTDIR, "ENOTDIR", nil, "a file is used as a directory")
            case .tree(.invalid): Self(EINVAL, "EINVAL", nil, "a file is read as a link, or a link opened as a file")
            case .tree(.readOnly): Self(EROFS, "EROFS", nil, "the tree would be changed")
            // The line about the list has the reason; a program may open the directory again and again.
            case .tree(.refused): Self(EACCES, "EACCES", nil, "Twilio refuses the list to the credentials")
            case .tree(.noAttribute): Self(ENODATA, "ENODATA", nil, "there is no such extended attribute")
            case .tree(.inputOutput): Self(EIO, "EIO", .error, "the list or the catalog can't be read")
            // ETIMEDOUT would be wrong: programs take it for a broken connection of their own.
            case .deadline: Self(EIO, "EIO", .error, "there was no answer within 100 seconds, or 3 for a lookup")
            case .interrupted: Self(EINTR, "EINTR", nil, "the program was told to end while it waited")
            case .smallBuffer: Self(ERANGE, "ERANGE", nil, "an extended attribute doesn't fit the buffer")
            }
    }

    /// The part of the table for files of media.
    private init(_ code: MediaErrorCode) {
        self =
            switch code {
            // "Required key not available" tells an administrator more than "Permission denied". The level is low
            // because a backup may meet a million such files: one warning per key reports them (`Readability`).
            case .keyNotHeld: Self(ENOKEY, "ENOKEY", .debug, "no private key that is held opens the file")
            case .changed: Self(ESTALE, "ESTALE", .info, "the media has changed since the file was opened")
            case .mediaMissing: Self(EIO, "EIO", .error, "Twilio has the recording, but its media isn't there")
            // A single warning has named the remedy.
            case .accessDenied: Self(EACCES, "EACCES", .debug, "the media is in a bucket that may not be read")
            case .transferFailed: Self(EIO, "EIO", .error, "the media can't be fetched")
            case .integrityFailed: Self(EIO, "EIO", .error, "padding or sizes of the media are wrong")
            case .authenticationFailed: Self(EIO, "EIO", .error, "the tag of the media is wrong")
            case .unreadableEnvelope: Self(EIO, "EIO", .error, "the envelope of the media can't be read")
            case .unexpectedContent: Self(EIO, "EIO", .error, "what was sent isn't media")
            case .storage: Self(EIO, "EIO", .error, "the temporary file of ciphertext can't be written or read")
            case .shutDown: Self(EIO, "EIO", .debug, "the mount ends")
            }
    }
}
