public import Envelope

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

    /// Makes settings.
    public init(isStrict: Bool, isFirstTime: Bool, credentialsFolder: String?, passphraseFile: String?) {
        self.isStrict = isStrict
        self.isFirstTime = isFirstTime
        self.credentialsFolder = credentialsFolder
        self.passphraseFile = passphraseFile
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

    /// Makes a request.
    public init(path: String, purpose: Purpose) {
        self.path = path
        self.purpose = purpose
    }
}

/// What anybody may know of a private key.
public struct KeyDescription: Hashable, Sendable {
    /// The number with which the key process is asked for it.
    public let number: UInt32
    /// The SHA-256 of the public key, as 64 lower-case hexadecimal digits.
    public let fingerprint: String
}
