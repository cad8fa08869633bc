public import Support

/// Where in the ciphertext the plaintext's ranges are: arithmetic only.
public struct CiphertextLayout: Sendable, Hashable {
    /// How the content is encrypted.
    public let cipher: EnvelopeMetadata.ContentCipher

    /// The size of the ciphertext in bytes: all that is stored, with tag or padding.
    public let ciphertextSize: Int64

    /// The size of the plaintext in bytes: what a file shows.
    public let plaintextSize: Int64

    /// The block size of AES, in bytes.
    public static let blockSize: Int64 = 16

    /// The size of the GCM tag, in bytes: also that of an authenticated ciphertext without content.
    public static let tagSize: Int64 = 16

    /// The size of the end of the ciphertext that tells all there is to be known of it, in bytes.
    ///
    /// It holds GCM's tag, or CBC's padding and the block before, which decrypting that needs.
    public static let tailSize: Int64 = 2 * blockSize

    /// The most that GCM can encrypt under one initialization vector, in bytes: 2³⁹ − 256 bits (NIST SP 800-38D,
    /// section 5.2.1.1), since its counter has 32 bits.
    static let largestGCMPlaintext: Int64 = (1 << 36) - 32

    /// Makes the layout of one recording, whose sizes have to agree.
    ///
    /// GCM adds 16 bytes; CBC fills up the last block with 1…16 bytes.
    ///
    /// - Parameters:
    ///   - cipher: How the content is encrypted.
    ///   - ciphertextSize: In bytes.
    ///   - plaintextSize: In bytes.
    /// - Throws: `truncated` when the ciphertext is too short for the plaintext or ends within a block;
    ///   `invalidMetadata` when it is too long for it.
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
        // Both are not negative, so their difference doesn't overflow.
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

    /// Says which ciphertext is needed to decrypt a range of the plaintext.
    ///
    /// For GCM it is the same range. For CBC it is widened to whole blocks, and by the block before, with which the
    /// first one is chained; at the start there is none, and the initialization vector takes its place.
    ///
    /// - Parameter range: Plaintext offsets in bytes. What lies outside the plaintext is left out.
    /// - Returns: Ciphertext offsets in bytes; empty when nothing of the plaintext is in `range`.
    public func ciphertextRange(forPlaintext range: Range<Int64>) -> Range<Int64> {
        let range = range.clamped(to: 0..<plaintextSize)
        guard !range.isEmpty, needsPrecedingBlock else { return range }
        // Padding makes the ciphertext longer than the plaintext, so rounding up stays within it and can't overflow.
        let firstBlock = range.lowerBound / Self.blockSize
        let endBlock = (range.upperBound - 1) / Self.blockSize + 1
        return (max(0, firstBlock - 1) * Self.blockSize)..<(endBlock * Self.blockSize)
    }

    /// Whether decrypting a block needs the ciphertext block before it.
    public var needsPrecedingBlock: Bool { cipher.needsPrecedingBlock }

    /// The ciphertext offsets of the GCM tag; `nil` for CBC, which has none.
    public var tagRange: Range<Int64>? {
        cipher.isAuthenticated ? plaintextSize..<ciphertextSize : nil
    }

    /// Why no ciphertext has a size, as a clause without a full stop; `nil` when some may have it.
    ///
    /// - Parameters:
    ///   - size: In bytes.
    ///   - cipher: `nil` for one that isn't known, of which whole blocks are expected.
    public static func refusal(ofSize size: Int64, cipher: EnvelopeMetadata.ContentCipher?) -> String? {
        // The shortest content of either cipher: a tag alone, one block of padding.
        if size < blockSize { return "\(size) bytes are too few for encrypted media" }
        let isStream = cipher?.isPadded == false
        return isStream || size % blockSize == 0 ? nil : "\(size) bytes are not a whole number of AES blocks"
    }

    /// The size of the plaintext that a GCM ciphertext of this size, tag included, decrypts to; both in bytes.
    ///
    /// - Throws: `truncated` when it is shorter than a tag; `invalidMetadata` when GCM can't have made it.
    static func plaintextSize(ofGCMCiphertextSize ciphertextSize: Int64) throws(EnvelopeError) -> Int64 {
        guard ciphertextSize >= tagSize else {
            throw EnvelopeError(
                .truncated,
                "The ciphertext has \(ciphertextSize) bytes, fewer than its 16-byte tag: it was cut off;"
                    + " fetch it again."
            )
        }
        guard ciphertextSize - tagSize <= largestGCMPlaintext else {
            throw EnvelopeMetadata.invalid("The ciphertext has \(ciphertextSize) bytes, more than AES-GCM can encrypt")
        }
        return ciphertextSize - tagSize
    }

    /// Checks that a CBC ciphertext is made of whole blocks, at least one, since there is always padding.
    static func checkWholeBlocks(_ ciphertextSize: Int64) throws(EnvelopeError) {
        guard ciphertextSize >= blockSize, ciphertextSize % blockSize == 0 else {
            throw EnvelopeError(
                .truncated,
                "The ciphertext has \(ciphertextSize) bytes, which isn't a number of whole 16-byte blocks: it was cut"
                    + " off; fetch it again.")
        }
    }
}
