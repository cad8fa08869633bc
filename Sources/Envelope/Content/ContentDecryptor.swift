public import Support

/// Decrypts any range of a recording's content; several threads may use it at once.
public struct ContentDecryptor: Sendable {
    private let key: ContentEncryptionKey
    private let cipher: EnvelopeMetadata.ContentCipher

    /// CBC's initialization vector, or GCM's counter block for the first AES block of content.
    private let start: Block

    private static let blockSize = Int(CiphertextLayout.blockSize)

    /// Makes a decryptor; throws `cryptoFailure`.
    public init(key: ContentEncryptionKey, metadata: EnvelopeMetadata) throws(EnvelopeError) {
        self.key = key
        cipher = metadata.cipher
        switch metadata.cipher {
        case .aes256CBC:
            start = Block(metadata.initializationVector.span)
        case .aes256GCM:
            start = try Self.firstCounter(metadata.initializationVector, key)
        }
    }

    /// Decrypts a plaintext range: the one that starts at `plaintextOffset` and is as long as `plaintext`.
    ///
    /// It neither authenticates (see ``GCMAuthenticator``) nor removes padding: never read beyond the plaintext's end.
    ///
    /// - Parameters:
    ///   - ciphertext: Covers at least the range's ``CiphertextLayout/ciphertextRange(forPlaintext:)``.
    ///   - ciphertextOffset: The ciphertext offset of its first byte.
    ///   - plaintext: The output, unspecified after an error.
    ///   - plaintextOffset: The plaintext offset of its first byte.
    /// - Throws: `truncated` when the ciphertext doesn't cover the range; `invalidRange` for a negative or too large
    ///   offset; `cryptoFailure`.
    public func decrypt(
        _ ciphertext: RawSpan, at ciphertextOffset: Int64, into plaintext: inout MutableRawSpan,
        at plaintextOffset: Int64
    ) throws(EnvelopeError) {
        guard plaintext.byteCount > 0 else { return }
        let needed = try neededCiphertext(plaintextOffset: plaintextOffset, count: plaintext.byteCount)
        let (end, overflow) = ciphertextOffset.addingReportingOverflow(Int64(ciphertext.byteCount))
        guard ciphertextOffset >= 0, !overflow else { throw Self.outsideOfContent }
        guard ciphertextOffset <= needed.lowerBound, needed.upperBound <= end else {
            throw EnvelopeError(
                .truncated,
                "The ciphertext bytes \(needed.lowerBound)..<\(needed.upperBound) are needed, but only"
                    + " \(ciphertextOffset)..<\(end) were there.")
        }
        try ciphertext.withUnsafeBytes { (bytes) throws(EnvelopeError) in
            // The check above keeps `needed` within `ciphertext`.
            let start = Int(needed.lowerBound - ciphertextOffset)
            let source = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + needed.count)])
            try plaintext.withUnsafeMutableBytes { (destination) throws(EnvelopeError) in
                switch cipher {
                case .aes256GCM:
                    try decryptCounterMode(source, into: destination, at: plaintextOffset)
                case .aes256CBC:
                    try decryptChained(source, into: destination, at: plaintextOffset)
                }
            }
        }
    }

    /// Reads the size of the plaintext from the padding of CBC content.
    ///
    /// All of the padding is checked (RFC 5652, section 6.3), which a wrong key passes with a probability of 1 in 255.
    ///
    /// - Parameters:
    ///   - lastBlocks: The last 32 bytes of the ciphertext, or the whole ciphertext of 16 bytes.
    ///   - ciphertextSize: The size of the whole ciphertext in bytes.
    /// - Returns: The size of the plaintext in bytes.
    /// - Throws: `invalidPadding`; `truncated` when the ciphertext doesn't consist of whole AES blocks or `lastBlocks`
    ///   has another size; `unsupportedScheme` for GCM, which has no padding; `cryptoFailure`.
    public func plaintextSize(fromPaddingIn lastBlocks: RawSpan, ciphertextSize: Int64) throws(EnvelopeError) -> Int64 {
        guard cipher == .aes256CBC else {
            throw EnvelopeError(
                .unsupportedScheme, "AES-GCM content has no padding: its plaintext is 16 bytes shorter than it.")
        }
        try CiphertextLayout.checkWholeBlocks(ciphertextSize)
        let expected = ciphertextSize == CiphertextLayout.blockSize ? Self.blockSize : 2 * Self.blockSize
        guard lastBlocks.byteCount == expected else {
            throw EnvelopeError(
                .truncated,
                "The last \(expected) bytes of the ciphertext are needed to tell the plaintext's size, but"
                    + " \(lastBlocks.byteCount) were there.")
        }
        var last = [UInt8](repeating: 0, count: Self.blockSize)
        var span = last.mutableSpan
        var bytes = span.mutableBytes
        try decrypt(
            lastBlocks, at: ciphertextSize - Int64(expected), into: &bytes,
            at: ciphertextSize - CiphertextLayout.blockSize)
        guard let padding = Block(last.span).paddingSize else {
            throw EnvelopeError(
                .invalidPadding,
                "The content doesn't end with valid padding: it is damaged, or the content key isn't the right one.")
        }
        return ciphertextSize - Int64(padding)
    }

    /// GCM's counter block for the first AES block of content: inc32(J₀) (NIST SP 800-38D, section 7.1).
    ///
    /// A 96-bit initialization vector is followed by the number 2. Any other vector is hashed: libcrypto encrypts zeros
    /// with it, which yields the encrypted counter block, and that is decrypted.
    private static func firstCounter(_ vector: [UInt8], _ key: ContentEncryptionKey) throws(EnvelopeError) -> Block {
        if vector.count == 12 { return Block(vector.span).incremented(by: 2) }
        var context = try CipherContext(.gcm, .encrypt, key: key, initializationVector: vector.span.bytes)
        return try context.update(.zero).applying(.decrypt, key: key)
    }

    private static var outsideOfContent: EnvelopeError {
        EnvelopeError(.invalidRange, "The requested range lies outside of all content that can be encrypted.")
    }

    /// The ciphertext range needed for a plaintext range; the size of the plaintext may be unknown.
    private func neededCiphertext(plaintextOffset: Int64, count: Int) throws(EnvelopeError) -> Range<Int64> {
        let (end, overflow) = plaintextOffset.addingReportingOverflow(Int64(count))
        guard plaintextOffset >= 0, !overflow, end <= Int64.max - CiphertextLayout.blockSize else {
            throw Self.outsideOfContent
        }
        switch cipher {
        case .aes256GCM:
            guard end <= CiphertextLayout.largestGCMPlaintext else { throw Self.outsideOfContent }
            return plaintextOffset..<end
        case .aes256CBC:
            return CiphertextLayout.chainedBlocks(forPlaintext: plaintextOffset..<end)
        }
    }

    /// Decrypts `source`, which is as long as `destination` and begins at `offset`.
    ///
    /// GCM increments only the last 32 bits of the counter block; libcrypto's counter mode carries into the others. So
    /// a run ends where the counter wraps around, and another begins. It wraps around only after a hashed
    /// initialization vector, and once at most, since no content is longer than the counter.
    private func decryptCounterMode(
        _ source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(EnvelopeError) {
        var done = 0
        while done < destination.count {
            let position = offset + Int64(done)
            let skipped = Int(position % CiphertextLayout.blockSize)
            var counter = start.incremented(by: UInt32(truncatingIfNeeded: position / CiphertextLayout.blockSize))
            let blocksUntilWrap = (1 << 32) - Int(counter.counter)
            let count = min(destination.count - done, blocksUntilWrap * Self.blockSize - skipped)
            var context = try withUnsafeBytes(of: &counter.bigEndian) { (vector) throws(EnvelopeError) in
                try CipherContext(.counter, .decrypt, key: key, initializationVector: vector.bytes)
            }
            if skipped > 0 {
                // Skips the key stream of the preceding bytes by decrypting zeros; the result is secret and is wiped.
                var discarded = WipedBlock()
                try discarded.withBytes { (bytes) throws(EnvelopeError) in
                    let head = UnsafeMutableRawBufferPointer(rebasing: bytes[..<skipped])
                    try context.update(UnsafeRawBufferPointer(head), into: head)
                }
            }
            try context.update(
                UnsafeRawBufferPointer(rebasing: source[done..<(done + count)]),
                into: UnsafeMutableRawBufferPointer(rebasing: destination[done..<(done + count)]))
            done += count
        }
    }

    /// Decrypts the AES blocks that `destination` touches; `source` has the one before them too, if any.
    private func decryptChained(
        _ source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(EnvelopeError) {
        let blockSize = Self.blockSize
        let isAtStart = offset < CiphertextLayout.blockSize
        var previous = isAtStart ? start : Block(UnsafeRawBufferPointer(rebasing: source[..<blockSize]))
        var context = try withUnsafeBytes(of: &previous.bigEndian) { (vector) throws(EnvelopeError) in
            try CipherContext(.cbc, .decrypt, key: key, initializationVector: vector.bytes)
        }
        var read = isAtStart ? 0 : blockSize
        var written = 0
        let skipped = Int(offset % CiphertextLayout.blockSize)

        /// Decrypts one AES block and copies a part of it.
        func decryptPartially(_ part: Range<Int>) throws(EnvelopeError) {
            var block = WipedBlock()
            try block.withBytes { (bytes) throws(EnvelopeError) in
                try context.update(UnsafeRawBufferPointer(rebasing: source[read..<(read + blockSize)]), into: bytes)
                UnsafeMutableRawBufferPointer(rebasing: destination[written..<(written + part.count)])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[part]))
            }
            read += blockSize
            written += part.count
        }

        if skipped > 0 { try decryptPartially(skipped..<min(blockSize, skipped + destination.count)) }
        let whole = (destination.count - written) / blockSize * blockSize
        try context.update(
            UnsafeRawBufferPointer(rebasing: source[read..<(read + whole)]),
            into: UnsafeMutableRawBufferPointer(rebasing: destination[written..<(written + whole)]))
        read += whole
        written += whole
        if written < destination.count { try decryptPartially(0..<(destination.count - written)) }
    }
}
