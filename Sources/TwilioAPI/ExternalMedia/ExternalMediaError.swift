public import Support

/// Media can't be read outside of Twilio; the message is the end of a sentence that begins with the media.
public typealias ExternalMediaError = CodedError<ExternalMediaErrorCode>

/// The reasons for an ``ExternalMediaError``.
public enum ExternalMediaErrorCode: ErrorCode {
    /// The object isn't there.
    case missing
    /// It may not be read: no credentials, or not the right ones.
    case denied
    /// It can't be read now.
    case unavailable

    /// What is the same for all objects that can't be read for the same reason.
    public typealias Details = String
}
