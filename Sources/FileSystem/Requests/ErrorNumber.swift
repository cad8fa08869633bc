import FileTree
import Glibc

/// The errnos that requests are answered with: every choice is made in this table.
struct ErrorNumber: RawRepresentable, Hashable, Sendable {
    let rawValue: Int32

    init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// The errno of an error of the tree.
    init(_ error: FileTreeError) {
        rawValue =
            switch error.code {
            case .notFound: ENOENT
            case .stale: ESTALE
            case .isDirectory: EISDIR
            case .notDirectory: ENOTDIR
            case .invalid: EINVAL
            case .readOnly: EROFS
            case .permissionDenied: EACCES
            // "Required key not available" tells an administrator more than "Permission denied".
            case .keyNotHeld: ENOKEY
            case .noAttribute: ENODATA
            case .inputOutput: EIO
            }
    }

    /// Nothing that changes the tree is possible.
    static let readOnly = ErrorNumber(rawValue: EROFS)

    /// The deadline has passed.
    ///
    /// EIO and not ETIMEDOUT, which programs take for a broken connection of their own.
    static let deadline = ErrorNumber(rawValue: EIO)

    /// The program that waits is about to end.
    static let interrupted = ErrorNumber(rawValue: EINTR)

    /// An extended attribute's value or list doesn't fit the caller's buffer.
    static let range = ErrorNumber(rawValue: ERANGE)

    /// A directory's entries or a file's bytes can't be had.
    static let inputOutput = ErrorNumber(rawValue: EIO)

    /// The recording isn't in the account any more, or its resource has changed since the file was opened.
    static let stale = ErrorNumber(rawValue: ESTALE)

    /// No private key that is held opens the file.
    static let keyNotHeld = ErrorNumber(rawValue: ENOKEY)

    /// The errno's name, as in errno(3), for those of this table.
    var name: String { Self.names[rawValue] ?? "\(rawValue)" }

    /// All errnos of this table.
    static var all: [ErrorNumber] { names.keys.map { ErrorNumber(rawValue: $0) } }

    private static let names = [
        ENOENT: "ENOENT", ESTALE: "ESTALE", EISDIR: "EISDIR", ENOTDIR: "ENOTDIR", EROFS: "EROFS", EACCES: "EACCES",
        ENOKEY: "ENOKEY", ENODATA: "ENODATA", EIO: "EIO", EINTR: "EINTR", ERANGE: "ERANGE", EINVAL: "EINVAL",
    ]
}
