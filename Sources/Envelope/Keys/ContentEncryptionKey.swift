import COpenSSL
public import Support

/// The AES-256 key of a recording's content (CEK): 32 bytes on the secure heap.
public final class ContentEncryptionKey: Sendable {
    /// The size of the key in bytes.
    package static let size = 32

    private let bytes: SecretBytes

    /// Makes a key; throws `invalidContentKeyLength` unless there are 32 bytes.
    public init(_ bytes: SecretBytes) throws(EnvelopeError) {
        guard bytes.count == Self.size else { throw Self.invalidLength(bytes.count) }
        self.bytes = bytes
    }

    static func invalidLength(_ count: Int) -> EnvelopeError {
        EnvelopeError(
            .invalidContentKeyLength,
            "The content encryption key has \(count) bytes where AES-256 needs \(size): the recording's envelope is"
                + " damaged or made by a scheme other than the one it names.")
    }

    /// Whether two keys are the same; the time depends on neither.
    package func isSame(as other: ContentEncryptionKey) -> Bool {
        withUnsafeBytes { mine in
            other.withUnsafeBytes { CRYPTO_memcmp(mine.baseAddress, $0.baseAddress, Self.size) == 0 }
        }
    }

    /// A key that belongs to nothing.
    static var placeholder: ContentEncryptionKey {
        get throws(EnvelopeError) { try ContentEncryptionKey(SecretBytes(count: size) { _ in }) }
    }

    /// Runs `body` with the 32 bytes, which it must neither keep nor copy to memory that isn't wiped.
    package func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try bytes.withUnsafeBytes(body)
    }
}

extension ContentEncryptionKey: CustomStringConvertible {
    /// A constant text that reveals nothing.
    public var description: String { "<content encryption key>" }
}
