public import Support

/// The credentials of AWS can't be used; no message has a secret.
public typealias AWSError = CodedError<AWSErrorCode>

/// The reasons for an ``AWSError``.
public enum AWSErrorCode: ErrorCode {
    /// A file can't be read.
    case unreadableFile
    /// The profile isn't there, or has nothing to sign with.
    case unusableProfile
    /// An access key or a token has characters in it that can't be sent.
    case malformedKey
}
