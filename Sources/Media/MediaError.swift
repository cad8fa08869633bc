public import Support
public import TwilioAPI

/// A recording's media can't be described, opened or read.
public typealias MediaError = CodedError<MediaErrorCode>

/// The reasons why a recording's media can't be described, opened or read.
///
/// The raw value is the reason's name in `status.json`.
public enum MediaErrorCode: String, ErrorCode, CaseIterable {
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

    /// The recording.
    public typealias Details = SID

    /// True when the mount is being ended.
    public var endsUnwantedWork: Bool { self == .shutDown }

    /// The recording.
    public static func fields(of error: MediaError) -> [String: String] { ["recording": error.sid.description] }
}

extension MediaError {
    /// The recording.
    public var sid: SID { details }

    /// Makes an error of a recording.
    public init(_ code: Code, _ sid: SID, _ message: String, cause: (any Error)? = nil) {
        self.init(code, message, details: sid, cause: cause)
    }
}
