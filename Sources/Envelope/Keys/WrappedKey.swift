/// A wrapped content key, with all that decides which private keys may be tried and how.
public struct WrappedKey: Sendable, Hashable {
    /// The scheme that wraps the content key.
    public let wrapping: EnvelopeMetadata.KeyWrapping
    /// The cipher of the content, whose name some schemes wrap with the key.
    public let cipher: EnvelopeMetadata.ContentCipher
    /// The SID (`CR…`) of the public key that Twilio names, if any.
    public let publicKeySID: String?
    /// The wrapped key.
    public let bytes: [UInt8]

    /// Takes the parts as they are; a private key of another size doesn't fit.
    public init(
        wrapping: EnvelopeMetadata.KeyWrapping, cipher: EnvelopeMetadata.ContentCipher, publicKeySID: String?,
        bytes: [UInt8]
    ) {
        self.wrapping = wrapping
        self.cipher = cipher
        self.publicKeySID = publicKeySID
        self.bytes = bytes
    }

    /// The wrapped key of an envelope.
    public init(_ metadata: EnvelopeMetadata) {
        self.init(
            wrapping: metadata.wrapping, cipher: metadata.cipher, publicKeySID: metadata.publicKeySID,
            bytes: metadata.wrappedKey)
    }
}
