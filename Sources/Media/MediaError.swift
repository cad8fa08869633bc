public import Support
public import TwilioAPI

/// An error in describing, opening or reading a recording's media.
public typealias MediaError = CodedError<MediaErrorCode>

/// The reasons for a ``MediaError``; the raw value is the name in `status.json`.
public enum MediaErrorCode: String, ErrorCode, CaseIterable {
    /// No private key held opens the envelope.
    case keyNotHeld = "key_not_held"

    /// The media isn't there: neither at Twilio nor, where it is kept there, in the account owner's bucket.
    case mediaMissing = "media_missing"

    /// The media is in the account owner's bucket, which may not be read.
    case accessDenied = "access_denied"

    /// The media can't be fetched.
    case transferFailed = "transfer_failed"

    /// The padding or the size of the ciphertext is wrong.
    case integrityFailed = "integrity_failed"

    /// The content doesn't match its tag; the failure was logged when it was detected.
    case authenticationFailed = "authentication_failed"

    /// The media has changed since its size was reported.
    case changed

    /// The envelope is missing, malformed or of an unknown scheme.
    case unreadableEnvelope = "unreadable_envelope"

    /// The answer isn't media, or is encrypted although the resource says otherwise.
    case unexpectedContent = "unexpected_content"

    /// The temporary file for ciphertext, or the catalog, can't be written or read.
    case storage

    /// The read was cancelled, for example because the mount is stopping.
    case shutDown = "shut_down"

    /// The recording's SID.
    public typealias Details = SID

    /// Whether the read was cancelled.
    public var endsUnwantedWork: Bool { self == .shutDown }

    /// The recording's SID, for logs.
    public static func fields(of error: MediaError) -> [String: String] { ["recording": error.sid.description] }
}

extension MediaError {
    /// The recording's SID.
    public var sid: SID { details }

    /// Makes an error of a recording.
    public init(_ code: Code, _ sid: SID, _ message: String, cause: (any Error)? = nil) {
        self.init(code, message, details: sid, cause: cause)
    }
}
