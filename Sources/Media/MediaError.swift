public import Support
public import TwilioAPI

/// A recording's media can't be described, opened or read.
public struct MediaError: CausedError {
    /// What went wrong, for code that decides by it.
    ///
    /// The raw value is its name in `status.json`.
    public enum Code: String, CaseIterable, Hashable, Sendable {
        /// No private key that is held opens it.
        case keyNotHeld = "key_not_held"

        /// The media is not there, or not where Twilio keeps media.
        case mediaMissing = "media_missing"

        /// The media could not be fetched.
        case transferFailed = "transfer_failed"

        /// The bytes are not the ones that were sealed: the padding or the sizes disagree.
        case integrityFailed = "integrity_failed"

        /// The bytes are not the ones that were sealed: the tag disagrees. The log said so when it was found out.
        case authenticationFailed = "authentication_failed"

        /// The media is no longer the one whose size was told.
        case changed

        /// The envelope can't be understood.
        case unreadableEnvelope = "unreadable_envelope"

        /// What came isn't media, or is encrypted although the resource doesn't say so.
        case unexpectedContent = "unexpected_content"

        /// The temporary file for ciphertext can't be written.
        case storage

        /// The mount is being ended.
        case shutDown = "shut_down"
    }

    /// What went wrong.
    public let code: Code

    /// The recording.
    public let sid: SID

    /// One sentence that says what is wrong, and with which thing.
    public let message: String

    /// The error below this one.
    public let cause: (any Error)?

    /// Makes an error.
    public init(_ code: Code, _ sid: SID, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.sid = sid
        self.message = message
        self.cause = cause
    }

    /// The recording.
    public var fields: [String: String] { ["recording": sid.description] }

    /// True when the mount is being ended.
    public var endsUnwantedWork: Bool { code == .shutDown }
}
