import COpenSSL
public import Support

/// Verifies the tag of GCM content whose ranges come in any order, possibly repeated.
///
/// GHASH, the hash under the tag, is linear: the content's hash is the sum of the shares of its ranges, each moved to
/// its place by a power of the hash key. So each range is hashed when it comes, and only the sum is kept. libcrypto
/// hashes the ranges; moving and adding the shares is our code, since all libraries require content in order.
///
/// A value: threads that share one have to lock it. Absorbing costs the time of hashing plus some microseconds.
public struct GCMAuthenticator: Sendable {
    private let hashKey: GHASHKey
    private let contentSize: Int64

    /// The sum of the shares of `coverage`; on an error, neither changes.
    private var sum = FieldElement(.zero)
    private var coverage = BlockCoverage()

    private var tag: [UInt8]
    /// The bytes of `tag` received: bit i stands for byte i.
    private var tagBytes: UInt16 = 0

    /// Identifies the bytes of a range: the same for the same bytes at the same place.
    ///
    /// Other bytes have the same fingerprint with a probability below 2⁻⁶⁰, even if an attacker without the content key
    /// chose them. It is the range's share in GHASH, a universal hash under a secret key, so it must not be disclosed.
    public struct Fingerprint: Sendable, Hashable {
        fileprivate let share: FieldElement

        /// The place of the range, in blocks of AES.
        fileprivate let blocks: Range<Int64>
    }

    /// Makes an authenticator that has absorbed nothing.
    ///
    /// - Parameters:
    ///   - key: The content key.
    ///   - metadata: The envelope.
    ///   - ciphertextSize: The size of the ciphertext in bytes, tag included.
    /// - Throws: `unsupportedScheme` for content other than GCM; `truncated`, `invalidMetadata` when GCM can't make a
    ///   ciphertext of this size; `cryptoFailure`.
    public init(
        key: ContentEncryptionKey, metadata: EnvelopeMetadata, ciphertextSize: Int64
    ) throws(EnvelopeError) {
        guard metadata.cipher == .aes256GCM else {
            throw EnvelopeError(
                .unsupportedScheme, "AES-CBC content has no tag: check its padding, length and MD5 instead.")
        }
        contentSize = try CiphertextLayout.plaintextSize(ofGCMCiphertextSize: ciphertextSize)
        tag = Array(repeating: 0, count: Int(CiphertextLayout.tagSize))
        hashKey = try GHASHKey(
            key: key, initializationVector: metadata.initializationVector,
            largestExponent: Self.blockCount(contentSize))
    }

    /// Absorbs a range of the ciphertext.
    ///
    /// Bytes absorbed before count once and aren't compared: a caller that releases absorbed bytes and fetches them
    /// again has to compare fingerprints before using them.
    ///
    /// - Parameters:
    ///   - ciphertext: Content, tag, or the end of the content and the beginning of the tag.
    ///   - offset: The ciphertext offset of its first byte. It and the range's end have to be multiples of 16, unless
    ///     they are in the tag or at the content's end.
    /// - Returns: The fingerprint of the content in this range.
    /// - Throws: `invalidRange` for a misaligned range or one beyond the tag; `cryptoFailure`. Nothing is absorbed
    ///   then.
    @discardableResult
    public mutating func absorb(_ ciphertext: RawSpan, at offset: Int64) throws(EnvelopeError) -> Fingerprint {
        _ = try end(of: ciphertext, at: offset)
        return try ciphertext.withUnsafeBytes { (bytes) throws(EnvelopeError) in
            let fingerprint = try absorbContent(bytes, at: offset)
            absorbTag(bytes, at: offset)
            return fingerprint
        }
    }

    /// Hashes a range of the ciphertext without absorbing it; several threads may hash at once.
    ///
    /// Parameters and errors are those of ``absorb(_:at:)``.
    public func fingerprint(of ciphertext: RawSpan, at offset: Int64) throws(EnvelopeError) -> Fingerprint {
        let end = try min(end(of: ciphertext, at: offset), contentSize)
        guard offset < end else { return Fingerprint(share: FieldElement(.zero), blocks: 0..<0) }
        let blocks = try blocks(from: offset, to: end)
        return try ciphertext.withUnsafeBytes { (bytes) throws(EnvelopeError) in
            Fingerprint(share: try share(of: blocks, in: bytes, at: offset), blocks: blocks)
        }
    }

    /// Absorbs a range hashed before, at next to no cost.
    ///
    /// - Parameters:
    ///   - fingerprint: The range's fingerprint.
    ///   - ciphertext: The range, from which the tag is copied.
    ///   - offset: The ciphertext offset of its first byte.
    /// - Throws: `invalidRange` when a part of the content, but not all of it, has been absorbed.
    public mutating func absorb(
        _ fingerprint: Fingerprint, of ciphertext: RawSpan, at offset: Int64
    ) throws(EnvelopeError) {
        ciphertext.withUnsafeBytes { absorbTag($0, at: offset) }
        let gaps = coverage.gaps(in: fingerprint.blocks)
        if gaps.isEmpty { return }
        guard gaps == [fingerprint.blocks] else {
            throw EnvelopeError(.invalidRange, "A part of this range of the content has been absorbed already.")
        }
        sum = sum + fingerprint.share
        coverage.insert(fingerprint.blocks)
    }

    /// Whether all of the content and the tag have been absorbed.
    public var isComplete: Bool { coverage.covers(0..<Self.blockCount(contentSize)) && tagBytes == .max }

    /// The first range of content not absorbed, in ciphertext offsets; nil when all of it has been absorbed.
    public var firstMissingRange: Range<Int64>? {
        coverage.gaps(in: 0..<Self.blockCount(contentSize)).first.map { gap in
            let size = CiphertextLayout.blockSize
            return (gap.lowerBound * size)..<min(gap.upperBound * size, contentSize)
        }
    }

    /// Verifies the content against its tag, in constant time.
    ///
    /// - Throws: `truncated` while the content is incomplete; `authenticationFailed` when the tag doesn't match.
    public func verify() throws(EnvelopeError) {
        guard isComplete else {
            throw EnvelopeError(
                .truncated, "Not all of the ciphertext has been absorbed, so its tag can't be verified yet.")
        }
        let lengths = FieldElement(Block(value: UInt128(UInt64(contentSize) * 8)))
        let hash = sum + hashKey.multiply(lengths, byHashKeyToThe: 1)
        let expected = hash.block ^ hashKey.contentMask
        let isEqual = withUnsafeBytes(of: expected.bigEndian) { CRYPTO_memcmp($0.baseAddress, tag, tag.count) == 0 }
        guard isEqual else {
            throw EnvelopeError(.authenticationFailed, "GCM tag mismatch")
        }
    }

    /// Adds the share of the new content; returns the fingerprint of all of it.
    private mutating func absorbContent(
        _ bytes: UnsafeRawBufferPointer, at offset: Int64
    ) throws(EnvelopeError) -> Fingerprint {
        let end = min(offset + Int64(bytes.count), contentSize)
        guard offset < end else { return Fingerprint(share: FieldElement(.zero), blocks: 0..<0) }
        let blocks = try blocks(from: offset, to: end)
        let whole = try share(of: blocks, in: bytes, at: offset)
        let gaps = coverage.gaps(in: blocks)
        if gaps == [blocks] {
            sum = sum + whole
        } else {
            var added = FieldElement(.zero)
            for gap in gaps { added = try added + share(of: gap, in: bytes, at: offset) }
            sum = sum + added
        }
        coverage.insert(blocks)
        return Fingerprint(share: whole, blocks: blocks)
    }

    /// The end of a range, which has to be within the ciphertext.
    private func end(of ciphertext: RawSpan, at offset: Int64) throws(EnvelopeError) -> Int64 {
        let (end, overflow) = offset.addingReportingOverflow(Int64(ciphertext.byteCount))
        guard offset >= 0, !overflow, end <= contentSize + CiphertextLayout.tagSize else {
            throw EnvelopeError(
                .invalidRange,
                "\(ciphertext.byteCount) bytes at \(offset) go beyond the ciphertext, which has"
                    + " \(contentSize) bytes and a tag of 16.")
        }
        return end
    }

    /// The blocks of AES in a range of the content.
    private func blocks(from offset: Int64, to end: Int64) throws(EnvelopeError) -> Range<Int64> {
        let blockSize = CiphertextLayout.blockSize
        guard offset % blockSize == 0, end == contentSize || end % blockSize == 0 else {
            throw EnvelopeError(
                .invalidRange, "The content bytes \(offset)..<\(end) aren't whole 16-byte blocks.")
        }
        return (offset / blockSize)..<Self.blockCount(end)
    }

    /// The share of blocks in the content's hash.
    ///
    /// - Parameter offset: The ciphertext offset of `bytes`, at or before the first of the blocks.
    private func share(
        of part: Range<Int64>, in bytes: UnsafeRawBufferPointer, at offset: Int64
    ) throws(EnvelopeError) -> FieldElement {
        let blockSize = CiphertextLayout.blockSize
        let start = Int(part.lowerBound * blockSize - offset)
        let count = Int(min(part.upperBound * blockSize, contentSize) - part.lowerBound * blockSize)
        return try hashKey.share(
            of: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)]),
            following: Self.blockCount(contentSize) - part.upperBound)
    }

    private mutating func absorbTag(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
        for index in tag.indices where tagBytes & (1 << index) == 0 {
            let position = contentSize + Int64(index) - offset
            if position >= 0, position < bytes.count {
                tag[index] = bytes[Int(position)]
                tagBytes |= 1 << index
            }
        }
    }

    /// The number of blocks in `size` bytes; the last block may be shorter.
    private static func blockCount(_ size: Int64) -> Int64 {
        (size + CiphertextLayout.blockSize - 1) / CiphertextLayout.blockSize
    }
}
