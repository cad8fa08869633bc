/// The verdict on a file's bytes; the raw value is that of the attribute `user.twilio.integrity`.
public enum Integrity: String, Hashable, Sendable {
    /// There is a tag, but not all bytes have been read.
    case unverified

    /// All bytes have been read, and the tag agrees.
    case verified

    /// The tag disagrees, or bytes fetched twice differed: the file can't be read.
    case failed

    /// There is no tag: AES-CBC, or not encrypted.
    case none
}
