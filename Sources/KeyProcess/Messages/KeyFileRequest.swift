public import Envelope
import Glibc

/// A file that was opened for the key process, which has given up the right to open it itself.
public enum OpenedFile: Hashable, Sendable {
    /// A descriptor of it, which goes with a message: the sender's number for it, or the receiver's.
    case descriptor(Int32)
    /// It can't be opened, for the reason of this `errno`.
    case failed(Int32)

    /// Closes the descriptor, if there is one.
    public func close() { if case .descriptor(let descriptor) = self { Glibc.close(descriptor) } }
}

/// How the key process reads files, as the command line says.
public struct ReadingSettings: Hashable, Sendable {
    /// Whether to refuse files that others own or can read.
    public var isStrict: Bool
    /// Whether pipes are read, and a person may be asked for a passphrase.
    public var isFirstTime: Bool
    /// The folder with the credentials of a service, if there is one.
    public var credentialsFolder: String?
    /// The file with the passphrase of encrypted keys, if there is one.
    public var passphraseFile: String?
    /// That file, if it was opened for the key process.
    public var openedPassphraseFile: OpenedFile?

    /// Makes settings.
    public init(
        isStrict: Bool, isFirstTime: Bool, credentialsFolder: String?, passphraseFile: String?,
        openedPassphraseFile: OpenedFile? = nil
    ) {
        self.isStrict = isStrict
        self.isFirstTime = isFirstTime
        self.credentialsFolder = credentialsFolder
        self.passphraseFile = passphraseFile
        self.openedPassphraseFile = openedPassphraseFile
    }
}

/// A file whose private keys are to be read, with what they may be used for.
public struct KeyFileRequest: Hashable, Sendable {
    /// What private keys are for; none serves for two things.
    public enum Purpose: Hashable, Sendable {
        /// They unwrap content keys, as they were declared.
        case unwrapping(use: KeyRing.Use?, publicKeySID: String?)
        /// They sign requests.
        case signing
    }

    /// The path of the file.
    public let path: String
    /// What its keys are for.
    public let purpose: Purpose
    /// The file, if it was opened for the key process.
    public let opened: OpenedFile?

    /// Makes a request.
    public init(path: String, purpose: Purpose, opened: OpenedFile? = nil) {
        self.path = path
        self.purpose = purpose
        self.opened = opened
    }
}

/// What anybody may know of a private key.
public struct KeyDescription: Hashable, Sendable {
    /// The number with which the key process is asked for it.
    public let number: UInt32
    /// The SHA-256 of the public key, as 64 lower-case hexadecimal digits.
    public let fingerprint: String
}
