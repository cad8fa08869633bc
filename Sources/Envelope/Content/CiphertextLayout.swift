public import Support

/// Maps ranges of the plaintext to ranges of the ciphertext.
public struct CiphertextLayout: Sendable, Hashable {
    /// The cipher of the content.
    public let cipher: EnvelopeMetadata.ContentCipher
    /// The size of the ciphertext in bytes, with tag or padding.
    public let ciphertextSize: Int64
    /// The size of the plaintext in bytes.
    public let plaintextSize: Int64
    /// The block size of AES, in bytes.
    public static let blockSize: Int64 = 16
    /// The size of the GCM tag, in bytes; the size of the smallest authenticated ciphertext.
    public static let tagSize: Int64 = 16
    /// The size of the ciphertext's tail in bytes, which holds GCM's tag, or CBC's padding and the AES block before it.
    public static let tailSize: Int64 = 2 * blockSize
    /// The largest GCM plaintext under one initialization vector, in bytes: 2³⁹ − 256 bits (NIST SP 800-38D, 5.2.1.1).
    static let largestGCMPlaintext: Int64 = (1 << 36) - 32

    /// Makes the layout of a recording after checking that the sizes (in bytes) agree.
    ///
    /// GCM adds 16 bytes; CBC fills the last AES block with 1 to 16 bytes.
    ///
    /// - Throws: `truncated` when the ciphertext is too short for the plaintext or ends within an AES block;
    ///   `invalidMetadata` when it is too long.
    public init(
        cipher: EnvelopeMetadata.ContentCipher, ciphertextSize: Int64, plaintextSize: Int64
    ) throws(EnvelopeError) {
        guard plaintextSize >= 0 else {
            throw EnvelopeMetadata.invalid("The size of the plaintext is negative: \(plaintextSize)")
        }
        let padding: Int64
        switch cipher {
        case .aes256GCM:
            padding = try ciphertextSize - Self.plaintextSize(ofGCMCiphertextSize: ciphertextSize)
        case .aes256CBC:
            try Self.checkWholeBlocks(ciphertextSize)
            padding = Self.blockSize - plaintextSize % Self.blockSize
        }
        // Neither is negative, so the difference can't overflow.
        let difference = ciphertextSize - plaintextSize
        guard difference >= padding else {
            throw EnvelopeError(
                .truncated,
                "The ciphertext has \(ciphertextSize) bytes, too few for \(plaintextSize) bytes of plaintext: it was"
                    + " cut off; fetch it again.")
        }
        guard difference == padding else {
            throw EnvelopeMetadata.invalid(
                "The ciphertext has \(ciphertextSize) bytes, too many for \(plaintextSize) bytes of plaintext")
        }
        self.cipher = cipher
        self.ciphertextSize = ciphertextSize
        self.plaintextSize = plaintextSize
    }

    /// Returns the ciphertext range needed to decrypt a plaintext range; offsets are in bytes.
    ///
    /// For GCM it is the same range, for CBC that of ``chainedBlocks(forPlaintext:)``.
    ///
    /// - Parameter range: Clamped to the plaintext; the result is empty when nothing remains.
    public func ciphertextRange(forPlaintext range: Range<Int64>) -> Range<Int64> {
        let range = range.clamped(to: 0..<plaintextSize)
        // Padding makes the ciphertext longer than the plaintext, so rounding up stays within the ciphertext.
        return range.isEmpty || !needsPrecedingBlock ? range : Self.chainedBlocks(forPlaintext: range)
    }

    /// The AES blocks needed to decrypt a CBC range that isn't empty, as a range of bytes.
    ///
    /// They are those that the range touches and, for chaining, the one before, unless the first is at offset 0.
    static func chainedBlocks(forPlaintext range: Range<Int64>) -> Range<Int64> {
        let firstBlock = range.lowerBound / blockSize
        let endBlock = (range.upperBound - 1) / blockSize + 1
        return (max(0, firstBlock - 1) * blockSize)..<(endBlock * blockSize)
    }

    /// Whether decrypting an AES block needs the one before it in the ciphertext.
    public var needsPrecedingBlock: Bool { cipher.needsPrecedingBlock }
    /// The ciphertext offsets of the GCM tag; nil for CBC.
    public var tagRange: Range<Int64>? { cipher.isAuthenticated ? plaintextSize..<ciphertextSize : nil }

    /// The reason why no ciphertext has this size in bytes, a clause without a full stop; nil for a possible size.
    ///
    /// An unknown cipher (nil) is expected to produce whole AES blocks.
    public static func refusal(ofSize size: Int64, cipher: EnvelopeMetadata.ContentCipher?) -> String? {
        // The smallest ciphertext of either cipher has 16 bytes: a tag alone, or an AES block of padding.
        if size < blockSize { return "\(size) bytes are too few for encrypted media" }
        let isStream = cipher?.isPadded == false
        return isStream || size % blockSize == 0 ? nil : "\(size) bytes are not a whole number of AES blocks"
    }

    /// The size of the plaintext of a GCM ciphertext, tag included; both in bytes.
    ///
    /// - Throws: `truncated` when it is shorter than a tag; `invalidMetadata` when it is too large for GCM.
    static func plaintextSize(ofGCMCiphertextSize ciphertextSize: Int64) throws(EnvelopeError) -> Int64 {
        guard ciphertextSize >= tagSize else {
            throw EnvelopeError(
                .truncated,
                "The ciphertext has \(ciphertextSize) bytes, fewer than its 16-byte tag: it was cut off;"
                    + " fetch it again.")
        }
        guard ciphertextSize - tagSize <= largestGCMPlaintext else {
            throw EnvelopeMetadata.invalid("The ciphertext has \(ciphertextSize) bytes, more than AES-GCM can encrypt")
        }
        return ciphertextSize - tagSize
    }

    /// Checks that a CBC ciphertext consists of whole AES blocks, at least of one, since there is always padding.
    static func checkWholeBlocks(_ ciphertextSize: Int64) throws(EnvelopeError) {
        guard ciphertextSize >= blockSize, ciphertextSize % blockSize == 0 else {
            throw EnvelopeError(
                .truncated,
                "The ciphertext has \(ciphertextSize) bytes, which isn't a number of whole 16-byte blocks: it was cut"
                    + " off; fetch it again.")
        }
    }
}
