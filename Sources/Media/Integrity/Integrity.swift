/// What is known of the truth of a file's bytes, as the attribute `user.twilio.integrity` tells it.
public enum Integrity: String, Hashable, Sendable {
    /// Sealed with a tag that hasn't been checked yet, since not all bytes have been seen.
    case unverified

    /// All bytes have been seen, and the tag agrees.
    case verified

    /// The tag disagrees, or bytes that came twice differed: the file can't be read.
    case failed

    /// Nothing that could be checked: AES-CBC, or not encrypted.
    case none
}
